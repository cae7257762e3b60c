// Durations of requests as a histogram; quantiles where the daemon sends no more.
import type { Operation } from "../api/types";
import { duration } from "../text/format";

export function Histogram({ of }: { of: Operation }) {
  const { p50, p95, p99 } = of.latency_ns;
  const part = (ns: number) => `${(ns / Math.max(1, p99)) * 100}%`;
  return (
    <div class="spread" role="img" aria-label={`Median ${duration(p50)}, 95 % within ${duration(p95)}, 99 % within ${duration(p99)}`}>
      <i class="likely" style={{ left: part(p50), width: part(p95 - p50) }} />
      <i class="median" style={{ left: part(p50) }} />
    </div>
  );
}
