// Which rows a waterfall has.
import { expect, test } from "vitest";

import type { Node } from "../src/waterfall/nodes";
import { figuresOf, merged, rowsOf } from "../src/waterfall/rows";

/** Nodes as a drawing: indentation is parenthood, `*n` repeats a line. */
function nodes(drawing: string): Node[] {
  const lines = drawing.split("\n").filter((line) => line.trim() !== "");
  const out: Node[] = [];
  for (const line of lines) {
    const [label = "", times = "1"] = line.trim().split("*");
    for (let turn = 0; turn < Number(times); turn += 1) {
      const at = out.length;
      const depth = (line.length - line.trimStart().length) / 2;
      out.push({ at, depth, label, service: "s", group: label, category: "db", from: at * 10, to: at * 10 + 5, path: [], failed: false, mark: null, count: 1, span: null });
    }
  }
  return out;
}

const none = { unfolded: new Set<string>(), closed: new Set<string>() };

function shown(drawing: string, folds = none): string[] {
  return rowsOf(nodes(drawing), folds).map(({ node, repeats }) => (repeats.length > 0 ? `${repeats.length} x ${node.label}` : node.label));
}

test("four siblings of one group are one row, three are three", () => {
  expect(shown("root\n  q*4\n  r*3")).toEqual(["root", "4 x q", "r", "r", "r"]);
});

test("repeats below different parents are not repeats of each other", () => {
  expect(shown("root\n  a\n    q*2\n  b\n    q*2")).toEqual(["root", "a", "q", "q", "b", "q", "q"]);
});

test("what lies below folded repeats is folded with them, and unfolds with them", () => {
  const drawing = `root\n${"  call\n    server\n".repeat(5)}  last`;
  expect(shown(drawing)).toEqual(["root", "5 x call", "last"]);
  const [, fold] = rowsOf(nodes(drawing), none);
  const open = { ...none, unfolded: new Set([fold?.key ?? ""]) };
  expect(shown(drawing, open)).toEqual(["root", "5 x call", ...Array(5).fill(["call", "server"]).flat(), "last"]);
});

test("a closed row hides its whole subtree and nothing else", () => {
  expect(shown("root\n  a\n    b\n      c\n  d", { ...none, closed: new Set(["s1"]) })).toEqual(["root", "a", "d"]);
});

test("a trace of several roots keeps them apart", () => {
  expect(shown("one\n  a\ntwo\n  b")).toEqual(["one", "a", "two", "b"]);
});

test("a chain deeper than any stack is walked", () => {
  const deep = Array.from({ length: 50_000 }, (_, depth) => ({ ...(nodes("x")[0] as Node), at: depth, depth }));
  expect(rowsOf(deep, none)).toHaveLength(50_000);
});

test("figures of repeats: least, median, most, and the time between them", () => {
  expect(figuresOf(nodes("q*4"))).toEqual({ count: 4, least: 5, median: 5, most: 5, sum: 20, gaps: 15 });
});

test("pieces that nearly touch are one, in whatever order they come", () => {
  const pieces = [
    { from: 20, to: 30 },
    { from: 0, to: 10 },
    { from: 11, to: 15 },
  ];
  expect(merged(pieces, 2)).toEqual([
    { from: 0, to: 15 },
    { from: 20, to: 30 },
  ]);
});
