// Spans as a waterfall draws them: times from the start of the trace, children below parents, pieces of critical path.
import type { Replay, Span, Trace } from "../api/types";
import { since } from "../text/format";

/** From and up to, in nanoseconds from the start. */
export interface Piece {
  from: number;
  to: number;
  cause?: string;
}

/** One span, or one of a replay. */
export interface Node {
  /** Its place in the order of the trace. */
  at: number;
  depth: number;
  service: string;
  label: string;
  /** Same group, same fault: what makes siblings repeats of each other. */
  group: string;
  /** Colours its bar. */
  category: string;
  from: number;
  to: number;
  path: Piece[];
  failed: boolean;
  /** What it is to the hotspot that is shown. */
  mark: "anchor" | "member" | null;
  /** How many spans it stands for. */
  count: number;
  span: Span | null;
}

/** A whole waterfall. */
export interface Picture {
  nodes: Node[];
  /** Up to where it goes. */
  end: number;
}

const CATEGORIES: Record<string, string> = { db: "db", cache: "cache", call: "internal", publish: "queue" };

/** A trace as a picture. `members` are marked beside those that the trace marks itself. */
export function ofTrace(trace: Trace, members: ReadonlySet<string> = new Set()): Picture {
  const first = trace.spans.reduce((least, { start }) => (least === "" || start < least ? start : least), "");
  const paths = piecesBySpan(trace, first);
  let end = 1;
  const nodes = trace.spans.map((span, at): Node => {
    const from = since(first, span.start);
    const to = from + span.duration_ns;
    end = Math.max(end, to);
    const id = span.span_id ?? "";
    return {
      at,
      depth: span.depth,
      service: span.service,
      label: span.operation || span.name || "(no name)",
      group: `${span.service}\u0000${span.operation}\u0000${span.template}\u0000${span.class}`,
      category: span.span_id === null ? "gap" : (CATEGORIES[span.class] ?? "self"),
      from,
      to,
      path: paths.get(id) ?? [],
      failed: span.failed,
      mark: span.mark ?? (members.has(id) ? "member" : null),
      count: span.count,
      span,
    };
  });
  return { nodes, end };
}

function piecesBySpan(trace: Trace, first: string): Map<string, Piece[]> {
  const paths = new Map<string, Piece[]>();
  for (const { span_id, start, end, cause } of trace.critical_path) {
    const piece = { from: since(first, start), to: since(first, end), cause };
    const id = span_id ?? "";
    const pieces = paths.get(id);
    if (pieces) pieces.push(piece);
    else paths.set(id, [piece]);
  }
  return paths;
}

/** One side of a replay as a picture, to the scale of the longer side. */
export function ofReplay(replay: Replay, side: "before" | "after"): Picture {
  const nodes = replay.spans.map((span, at): Node => {
    const from = span.start_ns[side];
    const to = span.end_ns[side];
    return {
      at,
      depth: span.depth,
      service: span.service,
      label: span.operation,
      group: `${span.service}\u0000${span.operation}\u0000${span.touched}`,
      category: span.touched ? "touched" : "self",
      from,
      to,
      path: span.critical_path_ns[side] > 0 ? [{ from, to }] : [],
      failed: false,
      mark: span.touched ? "member" : null,
      count: 1,
      span: null,
    };
  });
  return { nodes, end: Math.max(1, replay.before_ns, replay.after_ns.worst) };
}
