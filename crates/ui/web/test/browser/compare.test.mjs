// What changed: from a window without data to two versions and on to two traces.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { open, serious, settled, watched } from "./browser.mjs";
import { serve, until } from "./daemon.mjs";
import { healthy, nPlusOne, send } from "./otlp.mjs";

const EACH = 20;

let daemon;
let window_;

before(async () => {
  daemon = await serve();
  window_ = await open();
  const many = (make) => Array.from({ length: EACH }, make);
  const faulty = (operation) => () => nPlusOne({ operation });
  const fine = (operation) => () => healthy(operation);
  await send(daemon.otlp, "shop", [...many(faulty("GET /carts")), ...many(fine("GET /orders"))], "1.9");
  await send(daemon.otlp, "shop", [...many(fine("GET /carts")), ...many(faulty("GET /orders"))], "1.10");
  await until("both versions are judged", async () => {
    const { counts } = await daemon.ask("compare?a=version:1.9&b=version:1.10");
    return counts && counts.appeared > 0 && counts.gone > 0;
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

/** No serious fault in either theme; `SHOTS` names a folder for pictures. */
async function sound(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    assert.deepEqual(await serious(page), [], `${name}, ${colorScheme}`);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/compare-${name}-${colorScheme}.png`, fullPage: true });
  }
}

test("from a window without data to two versions, and from there to a hotspot, by keyboard", async () => {
  const { page, sins } = await visit("/");
  await page.keyboard.press("g");
  await page.keyboard.press("c");
  await page.waitForURL(/\/compare$/);
  await page.getByText("No trace was analysed on the first side").waitFor();
  await sound(page, "empty");
  await page.getByRole("link", { name: "Show the others" }).click();
  await page.locator("td .change.unclear").first().waitFor();
  await page.getByRole("button", { name: "Today beside yesterday" }).click();
  await page.waitForURL(/a=\d{4}-\d\d-\d\dT.*b=.*now/);
  await page.getByRole("tab", { name: "Two times" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("form", { name: "Versions" }).getByLabel("Service").selectOption("shop");
  await page.waitForURL(/a=version%3A1\.9&b=version%3A1\.10/);
  await page.locator("td .change.appeared").first().waitFor();
  const rows = await page.locator("tbody tr").allTextContents();
  assert.ok(rows.some((row) => /appeared.*GET \/orders.*0 of 40.traces, 0.%.*20 of 40.traces, 50.%/su.test(row)), rows.join("\n"));
  assert.ok(rows.some((row) => /gone.*GET \/carts.*20 of 40.traces, 50.%.*0 of 40.traces, 0.%/su.test(row)), rows.join("\n"));
  await sound(page, "versions");
  await page.getByRole("button", { name: /^appeared/ }).focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/change=gone/);
  await page.locator("td .change.appeared").first().waitFor({ state: "detached" });
  await page.locator("td .change.gone").first().waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), "BUTTON", "the focus stays");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/hotspots\//);
  assert.deepEqual(await sins(), []);
  await page.close();
});

test("any two windows are compared by keyboard, and the address keeps them", async () => {
  const { page, sins } = await visit("/compare");
  const windows = page.getByRole("form", { name: "Windows" });
  const ends = (name) => ["From", "Until"].map((end) => windows.getByRole("group", { name }).getByLabel(end));
  const [from, until_] = ends("First window");
  const [early, late] = ["2026-01-02T03:00", "2026-01-02T05:00"];
  await from.fill(late);
  await until_.fill(early);
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "choose a later end" }).waitFor();
  await sound(page, "wrong window");
  await from.fill("");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "Give both a day and a time" }).waitFor();
  await from.fill(early);
  await until_.fill(late);
  await page.keyboard.press("Enter");
  await page.waitForURL(/a=2026-01-02T\d\d%3A00%3A00Z..2026-01-02T\d\d%3A00%3A00Z&b=-1h..now/);
  await page.getByText("No trace was analysed on the first side").waitFor();
  await sound(page, "windows");
  await page.reload();
  await page.getByText("No trace was analysed on the first side").waitFor();
  assert.deepEqual(await Promise.all([from, until_].map((end) => end.inputValue())), [early, late]);
  await windows.getByRole("button", { name: "Swap" }).focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/a=-1h..now&b=2026-01-02/);
  await page.getByText("No trace was analysed on the second side").waitFor();
  assert.deepEqual(await sins(), []);
  await page.close();
});

test("two traces tell which calls differ and what one of them shows alone", async () => {
  const { hotspots } = await daemon.ask("hotspots?detector=redundant-query");
  const [carts, orders] = ["GET /carts", "GET /orders"].map((name) => hotspots.find(({ operation }) => operation === name).evidence[0].trace_id);
  const { page, sins } = await visit(`/traces/${carts}`);
  await page.getByRole("link", { name: "Compare with another trace" }).click();
  await page.getByText("One trace is chosen").waitFor();
  await page.getByLabel("Second trace id").fill(orders);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Found in the first only" }).waitFor();
  await page.getByRole("heading", { name: "Found in the second only" }).waitFor();
  assert.match(await page.locator("tbody").textContent(), /gone.*GET \/carts|appeared.*GET \/orders/su);
  await sound(page, "traces");
  await page.reload();
  await page.getByRole("heading", { name: "Found in the first only" }).waitFor();
  assert.equal(await page.getByLabel("First trace id").inputValue(), carts);
  assert.deepEqual(await sins(), []);
  await page.close();
});

test("a refusal says what is wrong with the address, and no other size of window breaks the layout", async () => {
  const { page, sins } = await visit("/compare?a=version:1.9&b=version:none");
  await page.getByRole("alert").filter({ hasText: "1.10" }).waitFor();
  await sound(page, "refused");
  await page.goto(`${daemon.url}/compare?a=version:1.9&b=version:1.10`);
  await page.locator("td .change").first().waitFor();
  await page.setViewportSize({ width: 640, height: 400 });
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(over, 0);
  await page.goto(`${daemon.url}/compare?a=00000000000000000000000000000001&b=00000000000000000000000000000002`);
  await page.getByRole("alert").waitFor();
  assert.deepEqual(await sins(), []);
  await page.close();
});
