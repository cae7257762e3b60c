// The page in a real Chromium over a real daemon: what a person does on it, and what it must never do.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { open, serious, settled, watched } from "./browser.mjs";
import { behindPrefix, serve, until } from "./daemon.mjs";
import { HOSTILE, nPlusOne, send } from "./otlp.mjs";

/** Spans of the long trace. */
const LONG = 5_000;
/** Services with a fault, so that the list has more than one page. */
const MANY = 60;

let daemon;
let window_;
let spots;
let long;

before(async () => {
  daemon = await serve();
  window_ = await open();
  await window_.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  for (const [at, text] of HOSTILE.entries()) {
    const traces = Array.from({ length: 4 }, () =>
      nPlusOne({ operation: text, query: `SELECT "${at}" FROM t WHERE a = 1`, extra: { [text]: text, "code.file.path": text, "code.function.name": text }, events: [text] }),
    );
    await send(daemon.otlp, text, traces);
  }
  for (let at = 0; at < MANY; at += 1) {
    await send(daemon.otlp, `service-${at}`, Array.from({ length: 4 }, () => nPlusOne({ operation: `GET /orders/${at}/list` })));
  }
  const longs = Array.from({ length: 4 }, () => nPlusOne({ operation: "GET /long", more: LONG - 13 }));
  for (const one of longs) await send(daemon.otlp, "long", [one]);
  spots = await until("all hotspots are listed", async () => {
    const { hotspots, total } = await daemon.ask("hotspots?limit=1000");
    long = hotspots.find(({ service }) => service === "long");
    return total >= MANY + HOSTILE.length && long && hotspots;
  });
});

after(async () => {
  await window_?.close();
  await daemon?.stop();
});

/** Every page, with things on it. */
function pages() {
  const [first] = spots;
  const operation = new URLSearchParams({ service: first.service, name: first.operation });
  return {
    hotspots: "/",
    filtered: "/?break=database&sort=impact",
    hotspot: `/hotspots/${first.id}`,
    trace: `/traces/${first.evidence[0].trace_id}`,
    traces: "/traces",
    audit: "/audit",
    services: "/services",
    service: `/services?service=${encodeURIComponent(first.service)}`,
    operation: `/operation?${operation}`,
    "third parties": "/third-parties",
    compare: "/compare?change=same&change=unclear",
    ingest: "/ingest",
    nowhere: "/hotspots/00000000000000000000000000000001",
  };
}

async function visit(path, base = daemon.url) {
  const { page, sins } = await watched(window_.context, new URL(base).origin);
  await page.goto(base + path);
  await settled(page);
  return { page, sins };
}

test("every page has no serious fault for those who see, hear or type differently, in light and dark", async () => {
  for (const [name, path] of Object.entries(pages())) {
    const { page, sins } = await visit(path);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      assert.deepEqual(await serious(page), [], `${name}, ${colorScheme}`);
    }
    assert.deepEqual(await sins(), [], name);
    await page.close();
  }
});

test("every page fits a window of half the width, as at a zoom of 200 %", async () => {
  for (const [name, path] of Object.entries(pages())) {
    const { page } = await visit(path);
    await page.setViewportSize({ width: 640, height: 400 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(over, 0, `${name} is ${over} pixels too wide`);
    await page.close();
  }
});

test("hostile texts stay texts on every page that shows them", async () => {
  const texts = new Set(HOSTILE.slice(0, 13));
  const hostile = spots.filter(({ service }) => service !== "long" && !service.startsWith("service-"));
  assert.ok(hostile.length >= HOSTILE.length, `${hostile.length} hostile hotspots`);
  for (const spot of hostile) {
    const paths = [
      `/hotspots/${spot.id}`,
      `/traces/${spot.evidence[0].trace_id}`,
      `/services?service=${encodeURIComponent(spot.service)}`,
    ];
    for (const path of paths) {
      const { page, sins } = await visit(path);
      assert.deepEqual(await sins(), [], `${spot.service} on ${path}`);
      assert.equal(await page.locator("main img, main iframe, main script, main [onload], main [onerror], main [onmouseover]").count(), 0);
      const links = await page.locator("a[href]").evaluateAll((all) => all.map(({ href }) => href));
      for (const link of links) assert.ok(link.startsWith(daemon.url), `a link to ${link}`);
      await page.close();
    }
    texts.delete(spot.service);
  }
  const { page, sins } = await visit(`/traces/${hostile[0].evidence[0].trace_id}`);
  await page.locator("[role=treeitem]").first().click();
  await page.waitForSelector(".detail");
  assert.deepEqual(await sins(), [], "the attributes of a span");
  await page.close();
});

test("an operation says over all its traces which calls its requests wait for", async () => {
  const at = new URLSearchParams({ service: "service-0", name: "GET /orders/0/list" });
  const { page, sins } = await visit(`/operation?${at}`);
  const { operations } = await daemon.ask("operations?service=service-0");
  const [call] = operations[0].calls;
  assert.deepEqual([call.class, call.peer, call.traces, call.calls], ["db", "datastore", 4, 48]);
  const row = page.getByRole("table", { name: "Calls that requests wait for" }).getByRole("row").nth(1);
  const { self, gap } = operations[0].critical_path_ns;
  const share = Math.round((100 * call.critical_path_ns) / (self + gap + call.critical_path_ns));
  await row.getByText(`${share} %`, { exact: false }).waitFor();
  await row.getByText(call.template).waitFor();
  const chart = page.getByRole("list", { name: "Critical path by call, over all traces" });
  assert.equal(await chart.getByRole("listitem").count(), 2);
  assert.deepEqual(await sins(), []);
  await page.close();
});

test("the headline is there without any script", async () => {
  const quiet = await open({ javaScriptEnabled: false });
  const page = await quiet.context.newPage();
  await page.goto(`${daemon.url}/hotspots/${long.id}`);
  assert.equal(await page.locator("h1").textContent(), long.title);
  await page.goto(daemon.url);
  assert.match(await page.locator("h1").textContent(), /\d+ hotspots/);
  assert.ok((await page.locator("ol a").count()) > 0);
  await quiet.close();
});

test("the first words stay until the script has as much to show", async () => {
  const { page, sins } = await watched(window_.context, daemon.url);
  const held = [];
  await page.route("**/api/v1/hotspots/*", (route) => void held.push(route));
  await page.goto(`${daemon.url}/hotspots/${long.id}`);
  await page.getByRole("navigation", { name: "Pages", exact: true }).waitFor();
  await until("the hotspot is asked for", () => held.length > 0);
  assert.equal(await page.locator("h1").textContent(), long.title);
  await held[0].continue();
  await page.locator("article h1", { hasText: long.title }).waitFor();
  assert.equal(await page.locator("h1").count(), 1);
  assert.deepEqual(await sins(), []);
  await page.close();
});

test("all that a first visit loads is at most 120 kB", async () => {
  const cold = await open();
  const page = await cold.context.newPage();
  const assets = [];
  page.on("response", (response) => assets.push(response));
  await page.goto(daemon.url);
  await settled(page);
  const sizes = await Promise.all(assets.filter((one) => one.url().includes("/assets/")).map(async (one) => Number((await one.allHeaders())["content-length"])));
  const sum = sizes.reduce((all, size) => all + size, 0);
  assert.ok(sizes.length >= 2 && sum > 0 && sum <= 120_000, `${sizes}`);
  console.log(`${sum} bytes in ${sizes.length} files`);
  await cold.close();
});

test("a trace of 5,000 spans keeps at most 200 rows and loses none", async () => {
  const { page, sins } = await visit(`/traces/${long.evidence[0].trace_id}`);
  const box = page.locator(".window");
  await box.waitFor();
  assert.match(await box.getAttribute("aria-label"), /5.?000.?spans/u);
  const walk = await box.evaluate(async (window_) => {
    const seen = new Set();
    const look = () => {
      const rows = [...window_.querySelectorAll("[role=treeitem]")];
      for (const row of rows) seen.add(Number(row.dataset.at));
      return rows.length;
    };
    let most = look();
    while (window_.scrollTop + window_.clientHeight < window_.scrollHeight - 1) {
      window_.scrollTop += window_.clientHeight * 0.8;
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
      most = Math.max(most, look());
    }
    return { seen: seen.size, last: Math.max(...seen), most };
  });
  assert.ok(walk.most <= 200, `${walk.most} rows at once`);
  assert.equal(walk.seen, walk.last + 1, "rows without a gap");
  assert.ok(walk.last + 1 >= LONG - 12, `${walk.last + 1} rows with the repeats folded`);
  await box.focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("End");
  await until("the last row is shown when a key leads there", async () => {
    const active = await box.getAttribute("aria-activedescendant");
    return active.endsWith(`-${walk.last}`) && (await page.locator(`[id="${active}"]`).isVisible());
  });
  assert.deepEqual(await sins(), []);
  await page.close();
});

test("the traces of a hotspot are asked for once, its figures again and again", async () => {
  const { page, sins } = await watched(window_.context, daemon.url);
  const asked = { traces: 0, figures: 0 };
  page.on("request", (request) => {
    const { pathname, search } = new URL(request.url());
    if (pathname.endsWith(`/api/v1/hotspots/${long.id}`)) asked[search === "" ? "traces" : "figures"] += 1;
  });
  await page.goto(`${daemon.url}/hotspots/${long.id}`);
  await page.locator("[role=tree]").first().waitFor();
  await until("the figures are asked for again, as when the tab is seen again", async () => {
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    return asked.figures >= 3;
  });
  assert.equal(asked.traces, 1);
  assert.deepEqual(await sins(), []);
  await page.close();
});

test("ways to other tools stand beside a hotspot and its traces, and lead to the web only", async () => {
  const { page, sins } = await watched(window_.context, daemon.url);
  const links = [
    { name: "Jaeger", url: "https://jaeger.example/trace/1" },
    { name: "hostile", url: "javascript:alert(1)" },
  ];
  await page.route(/\/api\/v1\/(hotspots|traces)\//, async (route) => {
    const reply = await route.fetch();
    const json = await reply.json();
    await route.fulfill({ response: reply, json: { ...json, links } });
  });
  for (const path of [`/hotspots/${long.id}`, `/traces/${long.evidence[0].trace_id}`]) {
    await page.goto(daemon.url + path);
    const way = page.getByRole("link", { name: "Jaeger" }).first();
    await way.waitFor();
    assert.deepEqual(await way.evaluate(({ href, rel, target }) => [href, rel, target]), [links[0].url, "noopener noreferrer", "_blank"]);
    assert.equal(await page.getByRole("link", { name: "hostile" }).count(), 0);
  }
  assert.deepEqual(await sins(), []);
  await page.close();
});

test("who sends the spans is told where the API knows it, with what to change", async () => {
  const { page, sins } = await watched(window_.context, daemon.url);
  let senders;
  await page.route("**/api/v1/services?*", async (route) => {
    const reply = await route.fetch();
    const json = await reply.json();
    for (const service of json.services) service.senders = senders;
    await route.fulfill({ response: reply, json });
  });
  senders = [];
  await page.goto(`${daemon.url}/ingest`);
  await page.getByRole("heading", { name: "Memory" }).waitFor();
  assert.equal(await page.getByRole("heading", { name: "Who sends the spans" }).count(), 0);
  senders = [
    {
      version: "1.4",
      environment: "prod",
      sdk: { language: "java", name: "opentelemetry", version: "1.49.0" },
      distro: { name: "", version: "" },
      transport: "http",
      encoding: "json",
      compression: "identity",
      local: false,
      batches: 3,
      last_seen: new Date().toISOString(),
    },
  ];
  await page.reload();
  const row = page.getByRole("table", { name: "Senders by service" }).getByRole("row", { name: /^service-5 / });
  await row.waitFor();
  assert.match(await row.textContent(), /java opentelemetry 1\.49\.0.*not said.*http json uncompressed.*http\/protobuf.*gzip/su);
  assert.deepEqual(await serious(page), []);
  assert.deepEqual(await sins(), []);
  await page.close();
});

test("from the list to the acknowledged hotspot by keyboard alone", async () => {
  const { page, sins } = await visit("/?service=service-7");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/hotspots\//);
  await page.waitForSelector("article h1");
  const fold = page.locator("[role=tree]").first();
  await fold.focus();
  const rows = () => fold.locator("[role=treeitem]").count();
  const folded = await rows();
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowRight");
  await until("the repeats unfold", async () => (await rows()) === folded + 12);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".detail");
  await page.getByRole("button", { name: "Acknowledge" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.type("known since June");
  await page.keyboard.press("Tab");
  await page.keyboard.type("ann");
  await page.keyboard.press("Enter");
  await page.locator(".state.acknowledged").waitFor();
  assert.match(await page.locator("article").textContent(), /ann acknowledged it.*known since June/su);
  await page.keyboard.press("Escape");
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("g");
  await page.keyboard.press("i");
  await page.waitForURL(/\/ingest$/);
  await page.keyboard.press("?");
  await page.locator("dialog[open]").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("dialog[open]").waitFor({ state: "detached" });
  await page.goBack();
  await page.waitForURL(/\/hotspots\//);
  assert.deepEqual(await sins(), []);
  await page.close();
});

test("muting needs an end and a reason, takes it off the list, and reopening brings it back", async () => {
  const spot = spots.find(({ service }) => service === "service-8");
  const { page } = await visit(`/hotspots/${spot.id}`);
  await page.getByRole("button", { name: "Mute until" }).click();
  await page.getByLabel("Why").fill("a release is on its way");
  await page.getByLabel("Your name").fill("bob");
  await page.locator("select[name=until]").selectOption("7d");
  await page.getByRole("button", { name: "Mute", exact: true }).click();
  await page.locator(".state.muted").waitFor();
  await page.goto(`${daemon.url}/?service=service-8`);
  await page.getByText("No hotspot matches these filters").waitFor();
  await page.goto(`${daemon.url}/?service=service-8&state=muted`);
  await page.locator("[data-row]").click();
  await page.getByRole("button", { name: "Reopen" }).click();
  await page.locator("form .main").click();
  await page.locator(".state.muted").waitFor({ state: "detached" });
  await page.close();
});

test("filters live in the address, and the list begins anew with each of them", async () => {
  const { page, sins } = await visit("/");
  await page.locator("select[name=service]").selectOption("service-3");
  await page.waitForURL(/service=service-3/);
  await page.locator("h1", { hasText: "1 matching hotspot" }).waitFor();
  await page.reload();
  assert.equal(await page.locator("select[name=service]").inputValue(), "service-3");
  await page.goBack();
  await page.locator("[data-row]").nth(20).waitFor();
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await page.locator(`[aria-rowindex="${MANY}"]`).waitFor();
  await page.getByRole("button", { name: "Synchronous" }).click();
  await page.waitForURL(/break=synchronous/);
  await page.getByText(/matching hotspots?$/).waitFor();
  assert.deepEqual(await sins(), []);
  await page.close();
});

test("new data does not move what is being read", async () => {
  let turned = false;
  let first;
  const { page } = await watched(window_.context, daemon.url);
  await page.route("**/api/v1/hotspots?*", async (route) => {
    const reply = await route.fetch();
    const list = await reply.json();
    if (turned) list.hotspots.reverse();
    if (turned && !route.request().url().includes("cursor=")) first = list.hotspots[0].title;
    await route.fulfill({ response: reply, json: list });
  });
  await page.goto(daemon.url);
  await settled(page);
  // Those that stay in the document while the window moves a little.
  const order = async () => (await page.locator("[data-row]").allTextContents()).slice(0, 25);
  const shown = await order();
  await page.mouse.wheel(0, 600);
  await until("the window is scrolled", () => page.evaluate(() => scrollY > 100));
  const top = await page.evaluate(() => scrollY);
  turned = true;
  await page.getByRole("button", { name: /would move/ }).waitFor({ state: "attached" });
  assert.deepEqual(await order(), shown);
  assert.equal(await page.evaluate(() => scrollY), top);
  await page.getByRole("button", { name: /would move/ }).click();
  await until("the order of now is shown", async () => first.startsWith((await order())[0].slice(0, 100)));
  await page.close();
});

test("a hotspot is copied as Markdown that is no markup of its own", async () => {
  const spot = spots.find(({ service }) => service.startsWith("[a]"));
  const { page } = await visit(`/hotspots/${spot.id}`);
  await page.getByRole("button", { name: "Copy as Markdown" }).click();
  await page.getByText("copied", { exact: true }).waitFor();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(text, /^## /);
  assert.ok(text.includes(page.url()), text);
  assert.ok(!/\[a\]\(javascript/.test(text) && text.includes("\\[a\\]\\(javascript"), text);
  await page.close();
});

test("it works behind a prefix, links and permalinks included", async () => {
  const proxy = await behindPrefix(daemon.url);
  const { page, sins } = await visit("/", proxy.url);
  await page.locator("[data-row]").first().click();
  await page.waitForURL(/\/some\/prefix\/hotspots\//);
  await page.reload();
  await page.waitForSelector("article h1");
  await page.getByRole("link", { name: "The whole trace" }).click();
  await page.waitForURL(/\/some\/prefix\/traces\//);
  await page.locator("[role=tree]").waitFor();
  for (const name of ["Audit", "Services", "Third parties", "Ingest health", "Hotspots"]) {
    await page.getByRole("navigation", { name: "Pages", exact: true }).getByRole("link", { name }).click();
    await settled(page);
    assert.ok(page.url().startsWith(proxy.url), page.url());
  }
  assert.deepEqual(await sins(), []);
  await page.close();
  proxy.stop();
});
