// The critical paths of several traces as one: time by the way of calls that leads to it.
import type { Trace } from "../api/types";
import { type Node, ofTrace } from "./nodes";

export interface Flame {
  label: string;
  service: string;
  category: string;
  /** Critical-path nanoseconds, of itself and of what lies below. */
  total: number;
  own: number;
  below: Flame[];
}

/** The paths of one operation in `traces`, and how many of them have it. */
export function flameOf(traces: Trace[], service: string, operation: string): { flame: Flame; traces: number } {
  const flame: Flame = { label: operation, service, category: "self", total: 0, own: 0, below: [] };
  let having = 0;
  for (const trace of traces) {
    const { nodes } = ofTrace(trace);
    const first = nodes.findIndex((node) => node.service === service && node.label === operation);
    if (first < 0) continue;
    having += 1;
    add(flame, nodes, first);
  }
  sort(flame);
  return { flame, traces: having };
}

/** Adds the subtree of the node at `first`. */
function add(flame: Flame, nodes: Node[], first: number): void {
  const depth = nodes[first]?.depth ?? 0;
  const way: { depth: number; flame: Flame }[] = [{ depth, flame }];
  spend(way, nodes[first]);
  for (const node of nodes.slice(first + 1)) {
    if (node.depth <= depth) break;
    while (way.length > 1 && (way.at(-1)?.depth ?? 0) >= node.depth) way.pop();
    const parent = way.at(-1)?.flame ?? flame;
    let own = parent.below.find((one) => one.label === node.label && one.service === node.service);
    if (!own) {
      own = { label: node.label, service: node.service, category: node.category, total: 0, own: 0, below: [] };
      parent.below.push(own);
    }
    way.push({ depth: node.depth, flame: own });
    spend(way, node);
  }
}

function spend(way: { flame: Flame }[], node: Node | undefined): void {
  const time = node?.path.reduce((sum, { from, to }) => sum + to - from, 0) ?? 0;
  for (const { flame } of way) flame.total += time;
  const last = way.at(-1);
  if (last) last.flame.own += time;
}

function sort(flame: Flame): void {
  const waiting = [flame];
  for (let one = waiting.pop(); one; one = waiting.pop()) {
    one.below.sort((a, b) => b.total - a.total);
    waiting.push(...one.below);
  }
}

/** A box of the picture: a share of the whole, and where it begins. */
export interface FlameBox {
  flame: Flame;
  depth: number;
  from: number;
  share: number;
}

/** Boxes that are wide enough to be seen, at most so many, by depth. */
export function boxes(flame: Flame, least: number, most: number): FlameBox[] {
  const whole = Math.max(1, flame.total);
  const out: FlameBox[] = [];
  let level: FlameBox[] = [{ flame, depth: 0, from: 0, share: 1 }];
  while (level.length > 0 && out.length + level.length <= most) {
    out.push(...level);
    const next: FlameBox[] = [];
    for (const box of level) {
      let { from } = box;
      for (const one of box.flame.below) {
        const share = one.total / whole;
        if (share >= least) next.push({ flame: one, depth: box.depth + 1, from, share });
        from += share;
      }
    }
    level = next;
  }
  return out;
}
