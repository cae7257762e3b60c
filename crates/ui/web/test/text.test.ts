// Numbers as people read them, and Markdown that stays text.
import { expect, test } from "vitest";

import { bytes, counted, cut, duration, effort, percent, since } from "../src/text/format";
import { escaped } from "../src/text/markdown";

const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, " ");

test.each([
  [0, "0 ns"],
  [999, "999 ns"],
  [999_600, "1.0 ms"],
  [1_234_567, "1.2 ms"],
  [412_000_000, "412 ms"],
  [61_000_000_000, "1.0 min"],
])("%d nanoseconds", (ns, says) => expect(plain(duration(ns))).toBe(says));

test("a share is never rounded to none or all", () => {
  expect([0, 0.0001, 0.5, 0.9999, 1].map((share) => plain(percent(share)))).toEqual(["0 %", "< 1 %", "50 %", "> 99 %", "100 %"]);
});

test("counts, efforts and bytes", () => {
  expect(plain(counted(1, "trace"))).toBe("1 trace");
  expect(plain(counted(12_345, "trace"))).toBe("12 345 traces");
  expect([0.2, 1, 2.5].map((weeks) => plain(effort(weeks)))).toEqual(["1 day", "1 week", "2.5 weeks"]);
  expect([0, 2048, 3 * 2 ** 30].map((of) => plain(bytes(of)))).toEqual(["0 B", "2.0 KiB", "3.0 GiB"]);
});

test("a text is cut between characters, and says so", () => {
  expect([cut("äöü", 3), cut("🦀🦀🦀🦀", 3)]).toEqual(["äöü", "🦀🦀…"]);
});

test("nanoseconds between moments are exact over a midnight", () => {
  expect(since("2026-11-27T23:59:59.999999999Z", "2026-11-28T00:00:00.000000001Z")).toBe(2);
  expect(since("2026-11-28T00:00:00Z", "2026-11-28T00:00:01.5Z")).toBe(1_500_000_000);
});

test("a text is no markup in Markdown", () => {
  expect(escaped("[a](javascript:x) <img> `b` |")).toBe("\\[a\\]\\(javascript:x\\) \\<img\\> \\`b\\` \\|");
  expect(escaped("- item")).toBe("\\- item");
});
