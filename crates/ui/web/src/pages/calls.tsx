// How many calls a request makes, and whether that grows with its data.
import type { Hotspot } from "../api/types";
import { grouped } from "../text/format";

/** From here on the largest request makes so many more calls than the median one that they grow with the data. */
const GROWS = 1.5;

export function CallsPerTrace({ of }: { of: Hotspot }) {
  const { min, p50, p95, max } = of.calls_per_trace;
  const whole = Math.max(max, 1);
  const part = (calls: number) => `${(calls / whole) * 100}%`;
  return (
    <>
      <div class="spread" role="img" aria-label={`From ${min} to ${max} calls a request, median ${p50}, 95 % at most ${p95}`}>
        <i class="range" style={{ left: part(min), width: part(max - min) }} />
        <i class="likely" style={{ left: part(p50), width: part(p95 - p50) }} />
        <i class="median" style={{ left: part(p50) }} />
      </div>
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
    ? "The number differs from request to request: it grows with the data, and so will the cost."
    : "The number is nearly the same in all requests.";
}
