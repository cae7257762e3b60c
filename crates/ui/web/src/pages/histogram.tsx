// Durations of the requests of an operation.
import type { Operation } from "../api/types";
import { Bars } from "../parts/bars";
import { duration } from "../text/format";

export function Histogram({ of }: { of: Operation }) {
  const { p50, p95, p99 } = of.latency_ns;
  if (of.latency_ns_bars.length === 0) return <p class="faint">No request was timed.</p>;
  const marks: [string, number][] = [
    ["half", p50],
    ["95 %", p95],
    ["99 %", p99],
  ];
  return <Bars of={of.latency_ns_bars} unit={duration} marks={apart(marks)} what="durations" />;
}

/** Marks that stand too near to the one before would be drawn over it. */
function apart(marks: [string, number][]): [string, number][] {
  return marks.filter(([, value], at) => at === 0 || value > (marks[at - 1]?.[1] ?? 0) * 1.4);
}
