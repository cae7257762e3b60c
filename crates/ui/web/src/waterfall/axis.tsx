// The time above a waterfall, and what its signs mean.
import { duration } from "../text/format";

/** Most marks on the axis, the first one not counted. */
const MARKS = 5;

/** Marks at round times. */
export function marks(end: number): number[] {
  const rough = end / MARKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? end;
  const at: number[] = [];
  for (let mark = 0; mark <= end * 0.9; mark += step) at.push(mark);
  return at;
}

export function Axis({ end }: { end: number }) {
  return (
    <div class="axis" aria-hidden="true">
      <span class="name legend">
        <i class="crit self" /> critical path <i class="bar self" /> the rest
      </span>
      <span class="lane">
        {marks(end).map((at) => (
          <span key={at} style={{ left: `${(at / end) * 100}%` }}>
            {at === 0 ? "0" : duration(at)}
          </span>
        ))}
      </span>
      <span class="length">length</span>
    </div>
  );
}
