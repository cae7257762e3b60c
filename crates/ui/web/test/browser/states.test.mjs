// The page when there is nothing to show, and when nobody answers.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { open, serious, settled, watched } from "./browser.mjs";
import { serve, until } from "./daemon.mjs";
import { healthy, nPlusOne, send } from "./otlp.mjs";

let window_;

before(async () => {
  window_ = await open();
});

after(async () => {
  await window_?.close();
});

test("an empty list says whether nothing came, all is clean, or not all was seen; and what to do", async (t) => {
  const daemon = await serve();
  t.after(daemon.stop);
  const { page, sins } = await watched(window_.context, daemon.url);
  await page.goto(daemon.url);
  await settled(page);
  await page.getByText("No span has arrived yet").waitFor();
  await page.getByText("export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:").waitFor();
  assert.deepEqual(await serious(page), []);
  await send(daemon.otlp, "shop", Array.from({ length: 5 }, () => healthy("GET /fine")));
  await page.getByRole("heading", { name: "Clean" }).waitFor();
  const orphans = Array.from({ length: 20 }, () => {
    const { spans } = nPlusOne({ operation: "GET /blind", items: 0, more: 2 });
    return { spans: spans.slice(1) };
  });
  await send(daemon.otlp, "blind", orphans);
  await page.getByText("This is not a clean bill").waitFor();
  assert.deepEqual(await serious(page), []);
  for (const path of ["/audit", "/services", "/third-parties", "/traces", "/compare", "/ingest", "/operation?service=a&name=b", "/traces/1"]) {
    await page.goto(daemon.url + path);
    await settled(page);
    assert.deepEqual(await serious(page), [], path);
  }
  assert.deepEqual(await sins(), []);
  await page.close();
});

test("while the daemon is away, what was there stays and its age is said", async (t) => {
  const daemon = await serve();
  t.after(daemon.stop);
  await send(daemon.otlp, "shop", Array.from({ length: 4 }, () => nPlusOne({ operation: "GET /orders" })));
  await until("the hotspot is listed", async () => (await daemon.ask("hotspots")).total > 0);
  const { page } = await watched(window_.context, daemon.url);
  await page.goto(daemon.url);
  await settled(page);
  const rows = await page.locator("[data-row]").count();
  await daemon.stop();
  await page.getByText("Hotspan has not answered for").waitFor();
  await page.getByText(/What you see is of \d\d:\d\d:\d\d/).waitFor();
  assert.equal(await page.locator("[data-row]").count(), rows);
  assert.deepEqual(await serious(page), []);
  await page.close();
});
