// A list of ten thousand hotspots: scrolled through, leapt through, filtered, and gone back to.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { open, serious, settled, watched } from "./browser.mjs";
import { serve, until } from "./daemon.mjs";
import { letters, nPlusOne, send } from "./otlp.mjs";

const SERVICES = 20;
const OPERATIONS = 500;
/** Traces of each operation, and how many operations go in one request. */
const EACH = 4;
const TOGETHER = 50;
/** A hotspot is accounted with 40 KiB of a sixteenth of the memory. */
const MEMORY = "8GiB";
/** Rows that may be in the document at once. */
const ROWS_MAX = 200;

let daemon;
let window_;
let total;

before(async () => {
  daemon = await serve(MEMORY);
  window_ = await open();
  for (let service = 0; service < SERVICES; service += 1) {
    for (let first = 0; first < OPERATIONS; first += TOGETHER) {
      const operations = Array.from({ length: TOGETHER }, (_, nth) => `GET /${letters(service)}/${letters(first + nth)}`);
      const traces = operations.flatMap((operation) => Array.from({ length: EACH }, () => nPlusOne({ operation, items: 10 })));
      await send(daemon.otlp, `service-${service}`, traces);
    }
  }
  total = await until("all hotspots are listed", async () => {
    const { total: listed, coverage } = await daemon.ask("hotspots?limit=1");
    return coverage.traces.analysed === SERVICES * OPERATIONS * EACH && listed >= SERVICES * OPERATIONS && listed;
  });
});

after(async () => {
  await window_?.close();
  await daemon?.stop();
});

async function visit(path) {
  const { page, sins } = await watched(window_.context, daemon.url);
  await page.goto(daemon.url + path);
  await settled(page);
  return { page, sins };
}

/** The number that the row in the middle of the window has in the list, once there is one. */
const middle = (page) =>
  until("a row stands in the middle", () =>
    page.evaluate(() => Number(document.elementFromPoint(innerWidth / 2, innerHeight / 2)?.closest("[aria-rowindex]")?.getAttribute("aria-rowindex") ?? 0)),
  );

test("ten thousand rows scroll by without a gap, and few of them are in the document at once", async () => {
  const { page, sins } = await visit("/?sort=impact");
  await page.getByRole("heading", { name: `${String(total).slice(0, -3)}\u202f${String(total).slice(-3)}` }).waitFor();
  const walk = await page.evaluate(async () => {
    const [seen, ids] = [new Set(), new Set()];
    let most = 0;
    const look = () => {
      const rows = document.querySelectorAll("[aria-rowindex]");
      for (const row of rows) {
        seen.add(Number(row.getAttribute("aria-rowindex")));
        ids.add(row.querySelector("[data-row]").getAttribute("href"));
      }
      most = Math.max(most, rows.length);
      return document.querySelector(".space:last-child span") !== null;
    };
    const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
    // Who scrolls faster than rows come waits until the window is full of them.
    const full = () => [...document.querySelectorAll(".space")].every((space) => {
      const { top, bottom } = space.getBoundingClientRect();
      return bottom <= 0 || top >= innerHeight || bottom - top < 1;
    });
    for (let more = true; more || scrollY + innerHeight < document.documentElement.scrollHeight - 2; more = look()) {
      scrollBy(0, innerHeight * 0.9);
      do await frame();
      while (!full());
    }
    return { seen: seen.size, last: Math.max(...seen), ids: ids.size, most };
  });
  assert.deepEqual({ ...walk, most: 0 }, { seen: total, last: total + 1, ids: total, most: 0 });
  assert.ok(walk.most <= ROWS_MAX, `${walk.most} rows at once`);
  assert.deepEqual(await serious(page), []);
  assert.deepEqual(await sins(), []);
  await page.close();
});

test("a leap to the end shows the last row, by a key", async () => {
  const { page, sins } = await visit("/");
  await page.keyboard.press("End");
  await until("the last row is there", async () => {
    await page.keyboard.press("End");
    return (await page.locator(`[aria-rowindex="${total + 1}"]`).count()) > 0;
  });
  await page.keyboard.press("k");
  assert.equal(await page.evaluate(() => document.activeElement?.closest("tr")?.getAttribute("aria-rowindex")), String(total + 1));
  await page.keyboard.press("k");
  assert.equal(await page.evaluate(() => document.activeElement?.closest("tr")?.getAttribute("aria-rowindex")), String(total));
  assert.deepEqual(await sins(), []);
  await page.close();
});

test("the way back from a hotspot leads to the row it was opened from", async () => {
  const { page, sins } = await visit("/");
  await page.evaluate(() => scrollTo(0, 30_000));
  const row = await middle(page);
  assert.ok(row > 200, `row ${row}`);
  const link = page.locator(`[aria-rowindex="${row}"] [data-row]`);
  const title = await link.textContent();
  await link.click();
  await page.locator("article h1", { hasText: title }).waitFor();
  assert.equal(await page.evaluate(() => scrollY), 0);
  await page.goBack();
  await until("the same row is there", async () => Math.abs((await middle(page)) - row) <= 2);
  assert.deepEqual(await sins(), []);
  await page.close();
});

test("a filter starts the list anew, and keys lead from row to row beyond the first page", async () => {
  const { page, sins } = await visit("/");
  await page.evaluate(() => scrollTo(0, 30_000));
  await middle(page);
  await page.locator("select[name=service]").selectOption("service-3");
  await page.getByRole("heading", { name: /^5\d\d.* matching hotspots/ }).waitFor();
  await until("its rows are there", async () => (await page.locator("[aria-rowindex='2']").textContent())?.includes("service-3"));
  await page.evaluate(() => document.activeElement?.blur());
  for (let at = 0; at < 120; at += 1) {
    await page.keyboard.press("j");
    await until(`row ${at}`, () => page.evaluate((at) => document.activeElement?.closest("tr")?.getAttribute("aria-rowindex") === String(at), at + 2));
  }
  assert.equal(await page.locator("tr:focus-within", { hasText: "service-3" }).count(), 1);
  assert.deepEqual(await sins(), []);
  await page.close();
});
