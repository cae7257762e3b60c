// A histogram: bars of equal width, as their borders grow by the same factor, with marks at quantiles.
import type { Bar } from "../api/types";
import { grouped, percent } from "../text/format";

const HEIGHT = 90;
const WIDE = 24;
/** Room above the highest bar, for the names of marks. */
const ABOVE = 16;
/** Most bars that are drawn; what lies beyond is in the last. */
const BARS_MAX = 80;
/** Few bars stay narrow. */
const BARS_MIN = 16;
/** Bars that the name of one takes. */
const NAMED = 2;

interface Props {
  of: Bar[];
  /** How a value is written. */
  unit: (value: number) => string;
  marks: [string, number][];
  what: string;
}

export function Bars({ of, unit, marks, what }: Props) {
  const bars = spread(of);
  const sum = of.reduce((all, { count }) => all + count, 0);
  const most = Math.max(1, ...bars.map(({ count }) => count));
  const every = Math.max(NAMED, Math.ceil(bars.length / 10));
  const width = Math.max(BARS_MIN, bars.length) * WIDE + 30;
  const x = (value: number) => place(bars, value) * WIDE;
  const said = marks.map(([name, value]) => `${name} ${unit(value)}`).join(", ");
  return (
    <svg class="bars" viewBox={`0 0 ${width} ${HEIGHT + ABOVE + 18}`} preserveAspectRatio="xMinYMid" role="img" aria-label={`Histogram of ${what}: ${said}`}>
      {bars.map(({ from, up_to, count }, at) => {
        const high = count === 0 ? 0 : Math.max(1.5, (count / most) * HEIGHT);
        return (
          <g key={from}>
            <title>
              {from === up_to ? unit(from) : `${unit(from)} to ${unit(up_to)}`}: {grouped(count)} ({percent(count / Math.max(1, sum))})
            </title>
            <rect x={at * WIDE + 1} y={ABOVE + HEIGHT - high} width={WIDE - 2} height={high} />
            {at % every === 0 && (
              <text x={at * WIDE} y={ABOVE + HEIGHT + 14}>
                {unit(from)}
              </text>
            )}
          </g>
        );
      })}
      <path d={`M0 ${ABOVE + HEIGHT}H${bars.length * WIDE}`} class="ground" />
      {marks.map(([name, value], at) => (
        <g key={name} class="quantile">
          <path d={`M${x(value)} ${ABOVE - 4}V${ABOVE + HEIGHT}`} />
          <text x={x(value)} y={ABOVE - 6} text-anchor={at === 0 ? "end" : "start"}>
            {name}
          </text>
        </g>
      ))}
    </svg>
  );
}

/** Filled bars with the empty ones between them, so that the axis is even: four an octave, as the API lays them out. */
export function spread(of: Bar[]): Bar[] {
  const out: Bar[] = [];
  for (const bar of of) {
    let last = out.at(-1);
    while (last && last.up_to + 1 < bar.from && out.length < BARS_MAX) {
      const from = last.up_to + 1;
      // Below eight a bar has one number; from there on an octave has four.
      const size = from < 8 ? 1 : 2 ** (Math.floor(Math.log2(from)) - 2);
      last = { from, up_to: from + size - 1, count: 0 };
      out.push(last);
    }
    const end = out.at(-1);
    if (out.length < BARS_MAX || !end) out.push({ ...bar });
    else end.count += bar.count;
  }
  return out;
}

/** Where a value stands among the bars, in bars. */
function place(bars: Bar[], value: number): number {
  const at = bars.findIndex(({ up_to }) => value <= up_to);
  const bar = bars[at];
  if (!bar) return bars.length;
  return at + Math.max(0, Math.min(1, (value - bar.from + 0.5) / (bar.up_to - bar.from + 1)));
}
