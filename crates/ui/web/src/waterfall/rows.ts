// Which rows a waterfall has: repeats folded into one, subtrees closed. No recursion: traces may be deeper than stacks.
import type { Node } from "./nodes";

/** Fewest siblings of one group that are folded. */
const REPEATS_MIN = 4;

/** A row: one span, or repeats of one. */
export interface Row {
  key: string;
  node: Node;
  /** The repeats, the first one included; empty for a single span. */
  repeats: Node[];
  /** Whether there is something below it. */
  parent: boolean;
  open: boolean;
}

/** What was unfolded and closed by hand, by key. */
export interface Folds {
  unfolded: ReadonlySet<string>;
  closed: ReadonlySet<string>;
}

/** The rows of nodes in tree order. */
export function rowsOf(nodes: Node[], folds: Folds): Row[] {
  const { parents, children } = tree(nodes);
  const groups = repeats(nodes, parents);
  const rows: Row[] = [];
  // What lies below a closed row, or in a folded group, is passed over.
  const hidden = new Uint8Array(nodes.length);
  for (const node of nodes) {
    const parent = parents[node.at] ?? -1;
    if (parent >= 0 && hidden[parent]) {
      hidden[node.at] = 1;
      continue;
    }
    const group = groups.get(node.at);
    if (group && !folds.unfolded.has(foldKey(node, parent))) {
      hidden[node.at] = 1;
      if (group[0] === node) rows.push({ key: foldKey(node, parent), node, repeats: group, parent: true, open: false });
      continue;
    }
    if (group && group[0] === node) {
      rows.push({ key: foldKey(node, parent), node, repeats: group, parent: true, open: true });
    }
    const key = `s${node.at}`;
    const open = !folds.closed.has(key);
    if (!open) hidden[node.at] = 1;
    rows.push({ key, node, repeats: [], parent: (children[node.at] ?? 0) > 0, open });
  }
  return rows;
}

function foldKey(node: Node, parent: number): string {
  return `f${parent} ${node.group}`;
}

/** Parents by place, -1 for roots, and how many children each has; from depths, as spans without ids have no other. */
function tree(nodes: Node[]): { parents: Int32Array; children: Uint32Array } {
  const parents = new Int32Array(nodes.length).fill(-1);
  const children = new Uint32Array(nodes.length);
  const above: number[] = [];
  nodes.forEach(({ depth }, at) => {
    while (above.length > 0 && depth <= (nodes[above.at(-1) ?? 0]?.depth ?? 0)) above.pop();
    const parent = above.at(-1) ?? -1;
    parents[at] = parent;
    if (parent >= 0) children[parent] = (children[parent] ?? 0) + 1;
    above.push(at);
  });
  return { parents, children };
}

/** For each node that is one of many like it below one parent: all of them. */
function repeats(nodes: Node[], parents: Int32Array): Map<number, Node[]> {
  const byKey = new Map<string, Node[]>();
  for (const node of nodes) {
    const parent = parents[node.at] ?? -1;
    if (parent < 0) continue;
    const key = foldKey(node, parent);
    const group = byKey.get(key);
    if (group) group.push(node);
    else byKey.set(key, [node]);
  }
  const groups = new Map<number, Node[]>();
  for (const group of byKey.values()) {
    if (group.length >= REPEATS_MIN) for (const node of group) groups.set(node.at, group);
  }
  return groups;
}

/** Repeats in figures. */
export interface RepeatFigures {
  count: number;
  least: number;
  median: number;
  most: number;
  sum: number;
  /** Time between one and the next, where they do not overlap. */
  gaps: number;
}

export function figuresOf(repeats: Node[]): RepeatFigures {
  const lengths = repeats.map(({ from, to }) => to - from).sort((a, b) => a - b);
  const inTime = [...repeats].sort((a, b) => a.from - b.from);
  let [gaps, end] = [0, inTime[0]?.from ?? 0];
  for (const { from, to } of inTime) {
    gaps += Math.max(0, from - end);
    end = Math.max(end, to);
  }
  return {
    count: repeats.reduce((sum, { count }) => sum + count, 0),
    least: lengths[0] ?? 0,
    median: lengths[Math.floor(lengths.length / 2)] ?? 0,
    most: lengths.at(-1) ?? 0,
    sum: lengths.reduce((sum, length) => sum + length, 0),
    gaps,
  };
}

/** Pieces that lie closer than `least` as one, so that no row draws more than it has room for. */
export function merged<P extends { from: number; to: number }>(pieces: P[], least: number): { from: number; to: number }[] {
  const out: { from: number; to: number }[] = [];
  for (const { from, to } of [...pieces].sort((a, b) => a.from - b.from)) {
    const last = out.at(-1);
    if (last && from - last.to < least) last.to = Math.max(last.to, to);
    else out.push({ from, to });
  }
  return out;
}
