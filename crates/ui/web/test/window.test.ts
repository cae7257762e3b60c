// Windows of time in addresses and in fields.
import { expect, test } from "vitest";

import { field, fieldsOf, momentOf, stamp, wrong } from "../src/text/window";

const now = Date.parse("2026-11-28T12:30:00Z");
const ago = (minutes: number) => field(now - minutes * 60_000);

test.each([
  ["now", now],
  ["-2h", now - 7_200_000],
  ["90m", now - 5_400_000],
  ["1764331200", 1_764_331_200_000],
  ["2026-11-28T12:00:00Z", now - 1_800_000],
  ["yesterday", null],
])("%s is a moment", (text, moment) => expect(momentOf(text, now)).toBe(moment));

test("a field and an address say the same moment", () => {
  expect(momentOf(stamp(Date.parse(field(now))), now)).toBe(now);
  expect(fieldsOf("-1h..now", now)).toEqual([ago(60), ago(0)]);
  expect(fieldsOf("version:1.4", now)).toEqual(["", ""]);
});

test("what is wrong with a window says what to do", () => {
  expect(wrong("", ago(0), now)).toMatch(/both/);
  expect(wrong(ago(10), ago(20), now)).toMatch(/later end/);
  expect(wrong(ago(-10), ago(-20), now)).toMatch(/past/);
  expect(wrong(ago(105), ago(95), now)).toMatch(/whole hour/);
  expect(wrong(ago(10), ago(5), now)).toBe("");
  expect(wrong(ago(180), ago(60), now)).toBe("");
});
