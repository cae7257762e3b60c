// Where services stand on the map, and how histograms are spread.
import { expect, test } from "vitest";

import type { Dependency } from "../src/api/types";
import { layout } from "../src/map/layout";
import { spread } from "../src/parts/bars";

function call(from: string, to: string, peer = "internal"): Dependency {
  return { from, to, peer, system: "", class: "call", traces: 1, calls: 1, failed: 0, time_ns: 1, critical_path_ns: 1, answered: true };
}

function columns(edges: Dependency[]): string[] {
  const { boxes } = layout(edges);
  const last = Math.max(...boxes.map(({ column }) => column));
  return Array.from({ length: last + 1 }, (_, column) =>
    boxes
      .filter((box) => box.column === column)
      .sort((a, b) => a.row - b.row)
      .map(({ name }) => name)
      .join(" "),
  );
}

test("callers stand left of callees, and stores at the end", () => {
  expect(columns([call("web", "orders"), call("orders", "billing"), call("web", "redis", "datastore")])).toEqual(["web", "orders", "billing", "redis"]);
});

test("a circle is cut once, and its line goes back", () => {
  const { lines } = layout([call("a", "b"), call("b", "a"), call("c", "b")]);
  expect(lines.filter(({ back }) => back)).toHaveLength(1);
});

test("a line goes around the boxes of the columns between", () => {
  const { lines, boxes } = layout([call("web", "orders"), call("orders", "db", "datastore"), call("web", "db", "datastore")]);
  const [way] = lines.flatMap(({ via }) => via);
  const orders = boxes.find(({ name }) => name === "orders");
  expect(way?.column).toBe(orders?.column);
  expect(way?.row).not.toBe(orders?.row);
});

test("a service and a store of one name are two boxes", () => {
  expect(layout([call("x", "x", "datastore")]).boxes).toHaveLength(2);
});

test("a map has bounds and says what it leaves out", () => {
  const { boxes, left } = layout(Array.from({ length: 100 }, (_, at) => call("web", `s${at}`)));
  expect([boxes.length, left]).toEqual([60, 41]);
});

test("empty bars stand between filled ones, four an octave", () => {
  const bar = (from: number, up_to: number) => ({ from, up_to, count: 1 });
  expect(spread([bar(6, 6), bar(8, 9), bar(16, 19)]).map(({ from, count }) => [from, count])).toEqual([
    [6, 1],
    [7, 0],
    [8, 1],
    [10, 0],
    [12, 0],
    [14, 0],
    [16, 1],
  ]);
});
