// How many calls a request makes, and whether that grows with its data.
import type { Hotspot } from "../api/types";
import { Bars } from "../parts/bars";
import { grouped } from "../text/format";

/** From here on the largest request makes so many more calls than the median one that they grow with the data. */
const GROWS = 1.5;

export function CallsPerTrace({ of }: { of: Hotspot }) {
  const { min, p50, p95, max } = of.calls_per_trace;
  return (
    <>
      {of.calls_per_trace_bars.length > 1 && (
        <Bars of={of.calls_per_trace_bars} unit={grouped} marks={[["half", p50]]} what="calls a request" />
      )}
      <p>
        {min === max ? (
          <>Always {grouped(max)}.</>
        ) : (
          <>
            Half of the requests make at most <b>{grouped(p50)}</b>, 95 % at most <b>{grouped(p95)}</b>; from {grouped(min)} to{" "}
            {grouped(max)}.
          </>
        )}{" "}
        {verdict(min, p50, max)}
      </p>
    </>
  );
}

function verdict(min: number, p50: number, max: number): string {
  if (min === max) return "The number does not grow with the data.";
  return max >= GROWS * Math.max(p50, 1) || max >= 2 * Math.max(min, 1)
    ? "It differs from request to request, so it grows with the data, and so will the cost."
    : "It is nearly the same in all requests.";
}
