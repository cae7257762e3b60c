// A trend small enough for a row.
import type { TrendPoint } from "../api/types";
import { duration } from "../text/format";

const WIDTH = 90;
const HEIGHT = 22;
const MINUTES = 60;

/** Critical-path time a minute over the last hour up to the last filled minute. */
export function Spark({ minutes }: { minutes: TrendPoint[] }) {
  const last = minutes.at(-1)?.[0] ?? 0;
  const first = last - (MINUTES - 1) * 60;
  const shown = minutes.filter(([at = 0]) => at >= first);
  const most = Math.max(1, ...shown.map((point) => point[2] ?? 0));
  const step = WIDTH / MINUTES;
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} role="img" aria-label={said(shown)}>
      <path d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} class="ground" />
      {shown.map(([at = 0, , path = 0]) => {
        const high = Math.max(1, (path / most) * (HEIGHT - 2));
        return <rect key={at} x={((at - first) / 60) * step} y={HEIGHT - 1 - high} width={Math.max(1, step - 0.4)} height={high} />;
      })}
    </svg>
  );
}

function said(points: TrendPoint[]): string {
  const newest = points.at(-1);
  if (!newest) return "no trend yet";
  return `seen in ${points.length} of the last 60 minutes, last with ${duration(newest[2] ?? 0)} of critical path`;
}
