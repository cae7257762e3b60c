// Where services stand: callers left of callees, circles cut where the fewest calls come in.
import type { Dependency } from "../api/types";

/** Most boxes and lines that a person can still read. */
const NODES_MAX = 60;
const EDGES_MAX = 150;

export interface Box {
  name: string;
  kind: "service" | "store" | "outside" | "way";
  column: number;
  row: number;
}

export interface Line {
  from: Box;
  to: Box;
  calls: number;
  failed: number;
  path: number;
  /** Goes back to a caller: a circle, unless it is the service itself. */
  back: boolean;
  /** Places that it goes through in the columns between, so that it crosses no box. */
  via: Box[];
}

export interface Layout {
  boxes: Box[];
  lines: Line[];
  /** Edges that found no room. */
  left: number;
}

export function layout(edges: Dependency[]): Layout {
  const dearest = [...edges].sort((a, b) => b.critical_path_ns - a.critical_path_ns || b.calls - a.calls);
  const boxes = new Map<string, Box>();
  const lines = new Map<string, Line>();
  let left = 0;
  for (const edge of dearest) {
    const kinds = [box(edge.from, "service"), box(edge.to, kindOf(edge.peer))] as const;
    const missing = new Set(kinds.filter(({ key }) => !boxes.has(key)).map(({ key }) => key)).size;
    const key = kinds.map((one) => one.key).join("\u0001");
    if (boxes.size + missing > NODES_MAX || (!lines.has(key) && lines.size >= EDGES_MAX)) {
      left += 1;
      continue;
    }
    const [from, to] = kinds.map((one) => boxes.get(one.key) ?? one.box) as [Box, Box];
    boxes.set(kinds[0].key, from).set(kinds[1].key, to);
    const line = lines.get(key) ?? { from, to, calls: 0, failed: 0, path: 0, back: false, via: [] };
    line.calls += edge.calls;
    line.failed += edge.failed;
    line.path += edge.critical_path_ns;
    lines.set(key, line);
  }
  const all = [...boxes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  place(all, [...lines.values()]);
  return { boxes: all, lines: [...lines.values()], left };
}

function box(name: string, kind: Box["kind"]): { key: string; box: Box } {
  return { key: `${kind}\u0000${name}`, box: { name, kind, column: 0, row: 0 } };
}

function kindOf(peer: string): Box["kind"] {
  if (peer === "internal") return "service";
  return peer === "datastore" ? "store" : "outside";
}

/** Columns by the longest way from an entry, stores and other companies right of their callers; rows near callers. */
function place(boxes: Box[], lines: Line[]): void {
  const order = entered(boxes, lines);
  const rank = new Map(order.map((one, at) => [one, at]));
  for (const line of lines) line.back = (rank.get(line.to) ?? 0) <= (rank.get(line.from) ?? 0);
  for (const one of order) {
    for (const line of lines) {
      if (line.from === one && !line.back) line.to.column = Math.max(line.to.column, one.column + 1);
    }
  }
  const last = Math.max(0, ...boxes.filter(({ kind }) => kind === "service").map(({ column }) => column));
  for (const one of boxes) if (one.kind !== "service") one.column = Math.max(one.column, last + 1);
  const all = [...boxes, ...ways(lines)];
  const columns = Math.max(0, ...boxes.map(({ column }) => column));
  const callers = new Map<Box, Box[]>();
  for (const line of lines) {
    if (line.back) continue;
    const steps = [line.from, ...line.via, line.to];
    steps.slice(1).forEach((step, at) => callers.set(step, [...(callers.get(step) ?? []), steps[at] as Box]));
  }
  for (let column = 0; column <= columns; column += 1) {
    const members = all.filter((one) => one.column === column);
    const wish = new Map(members.map((one) => [one, middle(callers.get(one) ?? [])]));
    members.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0) || (a.name < b.name ? -1 : 1));
    members.forEach((one, row) => (one.row = row));
  }
}

/** Where lines pass columns between their ends: lines to one box share a place, so that they run as a bundle. */
function ways(lines: Line[]): Box[] {
  const all = new Map<string, Box>();
  for (const line of lines) {
    if (line.back) continue;
    for (let column = line.from.column + 1; column < line.to.column; column += 1) {
      const key = `${column}\u0000${line.to.kind}\u0000${line.to.name}`;
      const way = all.get(key) ?? { name: line.to.name, kind: "way", column, row: 0 };
      all.set(key, way);
      line.via.push(way);
    }
  }
  return [...all.values()];
}

function middle(boxes: Box[]): number {
  return boxes.reduce((sum, { row }) => sum + row, 0) / Math.max(1, boxes.length);
}

/** Callers before callees; among those that wait for each other, the one with the fewest callers is first. */
function entered(boxes: Box[], lines: Line[]): Box[] {
  const waiting = new Set(boxes);
  const order: Box[] = [];
  while (waiting.size > 0) {
    let [next, fewest] = [boxes[0] as Box, Number.POSITIVE_INFINITY];
    for (const one of waiting) {
      const callers = lines.filter(({ from, to }) => to === one && from !== one && waiting.has(from)).length;
      if (callers < fewest) [next, fewest] = [one, callers];
    }
    waiting.delete(next);
    order.push(next);
  }
  return order;
}
