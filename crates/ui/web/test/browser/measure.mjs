// Figures of the page, for docs/performance.md: weight, first paint, smoothness, and what reading costs while spans come.
// HOTSPAN=target/release/hotspan node crates/ui/web/test/browser/measure.mjs
import { spawn } from "node:child_process";

import { open, settled, watched } from "./browser.mjs";
import { serve, until } from "./daemon.mjs";
import { letters, nPlusOne, send } from "./otlp.mjs";

const VISITS = 10;
const SCREENS = 100;
const QUERIES = 500;
const LONG = 5_000;
/** Traces a second that come while the list is asked for. */
const RATE = 200;

const daemon = await serve("8GiB");
const sorted = (values) => [...values].sort((a, b) => a - b);
const quantile = (values, share) => sorted(values)[Math.min(values.length - 1, Math.floor(values.length * share))];
const told = (values) => `median ${Math.round(quantile(values, 0.5))} ms, worst ${Math.round(Math.max(...values))} ms`;

try {
  await feed();
  await weigh();
  await paint();
  await glide("10,000 hotspots", "/", "html");
  const { hotspots } = await daemon.ask("hotspots?service=long");
  await glide("a trace of 5,000 spans", `/traces/${hotspots[0].evidence[0].trace_id}`, ".window");
  await read(hotspots[0].id);
} finally {
  await daemon.stop();
}

async function feed() {
  // First, since the list has room for ten thousand.
  for (let nth = 0; nth < 4; nth += 1) await send(daemon.otlp, "long", [nPlusOne({ operation: "GET /long", more: LONG - 13 })]);
  for (let at = 0; at < 200; at += 1) {
    const operations = Array.from({ length: 50 }, (_, nth) => `GET /${letters(at % 20)}/${letters(Math.floor(at / 20) * 50 + nth)}`);
    await send(daemon.otlp, `service-${at % 20}`, operations.flatMap((operation) => Array.from({ length: 4 }, () => nPlusOne({ operation, items: 10 }))));
  }
  const total = await until("all is judged", async () => {
    const { total: listed, coverage } = await daemon.ask("hotspots?limit=1");
    return coverage.traces.analysed === 40_004 && listed;
  });
  console.log(`${total} hotspots are listed`);
}

async function weigh() {
  const document_ = await (await fetch(daemon.url, { headers: { accept: "text/html" } })).text();
  const names = [...document_.matchAll(/"\.\/(assets\/[^"]+)"/g)].map(([, name]) => name);
  const sizes = await Promise.all(
    names.map(async (name) => {
      const reply = await fetch(`${daemon.url}/${name}`, { headers: { "accept-encoding": "gzip" } });
      return Number(reply.headers.get("content-length"));
    }),
  );
  console.log(`weight: ${sizes.reduce((all, size) => all + size, 0)} bytes compressed in ${names.length} files`);
}

/** Each visit with a profile of its own, so that nothing is in a cache. */
async function paint() {
  const [first, listed] = [[], []];
  for (let visit = 0; visit < VISITS; visit += 1) {
    const { context, close } = await open();
    const page = await context.newPage();
    await page.goto(daemon.url);
    await page.locator("[data-row]").first().waitFor();
    first.push(await page.evaluate(() => performance.getEntriesByType("paint").find(({ name }) => name === "first-contentful-paint").startTime));
    listed.push(await page.evaluate(() => performance.getEntriesByType("resource").find(({ name }) => name.includes("/hotspots?")).responseEnd));
    await close();
  }
  console.log(`first contentful paint of ${VISITS} cold visits: ${told(first)}; the list has come after ${told(listed)}`);
}

/** Screen after screen, each as soon as the one before is drawn and has its rows. */
async function glide(what, path, scrolled) {
  const { context, close } = await open();
  const { page } = await watched(context, daemon.url);
  await page.goto(daemon.url + path);
  await settled(page);
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  const script = async () => (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "ScriptDuration").value * 1000;
  const before = await script();
  const { tasks, most } = await page.evaluate(
    async ([selector, screens]) => {
      const box = document.querySelector(selector);
      const tasks = [];
      new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });
      let most = 0;
      for (let screen = 0; screen < screens; screen += 1) {
        box.scrollTop += box.clientHeight * 0.9;
        do await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
        while (document.elementFromPoint(innerWidth / 2, innerHeight / 2)?.closest(".space"));
        most = Math.max(most, document.querySelectorAll("[aria-rowindex], [role=treeitem]").length);
      }
      return { tasks, most };
    },
    [scrolled, SCREENS],
  );
  const each = ((await script()) - before) / SCREENS;
  console.log(
    `${what}, ${SCREENS} screens: ${each.toFixed(1)} ms of script a screen, ${tasks.length} tasks beyond 50 ms, longest ${Math.round(Math.max(0, ...tasks))} ms, ${most} rows at most`,
  );
  await close();
}

/** The list and one hotspot, asked for while a page shows the list and spans come. */
async function read(id) {
  const { context, close } = await open();
  const page = await context.newPage();
  await page.goto(daemon.url);
  const load = spawn(process.env.HOTSPAN, ["gen", "--scenario", "demo", "--traces", "1000000", "--to", `http://${daemon.grpc}`, "--rate", String(RATE)], { stdio: "ignore" });
  const times = [];
  for (let query = 0; query < QUERIES; query += 1) {
    const begin = performance.now();
    await (await fetch(`${daemon.url}/api/v1/hotspots?limit=50`)).arrayBuffer();
    times.push(performance.now() - begin);
  }
  load.kill();
  console.log(`hotspots?limit=50 with the page open and ${RATE} requests a second coming: p50 ${quantile(times, 0.5).toFixed(1)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms`);
  const size = async (path) => (await (await fetch(`${daemon.url}/api/v1/hotspots/${id}${path}`)).arrayBuffer()).byteLength;
  console.log(`a hotspot with its traces: ${await size("")} bytes; its figures alone: ${await size("?waterfalls=none")} bytes`);
  await close();
}
