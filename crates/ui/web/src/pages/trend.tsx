// Traces and critical-path time over time, by minute or by hour.
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import type { Hotspot, TrendPoint, VersionStart } from "../api/types";
import { Tabs } from "../parts/tabs";
import { clock, counted, duration } from "../text/format";

const HEIGHT = 170;

export function Trend({ of }: { of: Hotspot }) {
  const [at, show] = useState(0);
  const [points, step, buckets] = at === 0 ? ([of.trend.minute, 60, 60] as const) : ([of.trend.hour, 3_600, 168] as const);
  return (
    <Tabs name="Scale" tabs={["Last hour, by minute", "Last week, by hour"]} chosen={at} choose={show}>
      {points.length === 0 ? <p class="faint">Nothing in this time.</p> : <Chart points={points} step={step} buckets={buckets} starts={of.version_starts} />}
    </Tabs>
  );
}

/** The last buckets, empty ones included: their times and seconds of critical path. */
export function filled(points: TrendPoint[], step: number, buckets: number): [number[], (number | null)[]] {
  const byTime = new Map(points.map(([at = 0, , path = 0]) => [at, path / 1e9]));
  const last = points.at(-1)?.[0] ?? 0;
  const times: number[] = [];
  for (let at = last - (buckets - 1) * step; at <= last; at += step) {
    times.push(at);
  }
  return [times, times.map((at) => byTime.get(at) ?? null)];
}

interface ChartProps {
  points: TrendPoint[];
  step: number;
  buckets: number;
  starts: VersionStart[];
}

function Chart({ points, step, buckets, starts }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const marks = useRef(starts);
  marks.current = starts;
  const data = filled(points, step, buckets);
  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const plot = new uPlot(options(box.clientWidth, step, () => marks.current), data, box);
    chart.current = plot;
    const fit = new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height: HEIGHT }));
    fit.observe(box);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => plot.redraw();
    dark.addEventListener("change", redraw);
    return () => {
      fit.disconnect();
      dark.removeEventListener("change", redraw);
      plot.destroy();
      chart.current = null;
    };
  }, [step]);
  useEffect(() => chart.current?.setData(data), [points]);
  return (
    <>
      <div ref={place} class="chart" aria-hidden="true" />
      <p class="faint">
        {said(points)} {versions(starts)}
      </p>
    </>
  );
}

/** Versions in words, where there is more than one. */
function versions(starts: VersionStart[]): string {
  if (starts.length < 2) return "";
  return `Versions (dashed): ${starts.map(({ version, at }) => `${version} from ${clock(at)}`).join(", ")}.`;
}

function said(points: TrendPoint[]): string {
  const traces = points.reduce((sum, point) => sum + (point[1] ?? 0), 0);
  const path = points.reduce((sum, point) => sum + (point[2] ?? 0), 0);
  const [first, last] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0];
  return `${counted(traces, "trace")} with ${duration(path)} of critical path, from ${clock(first * 1000)} to ${clock(last * 1000)}.`;
}

const HOUR = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric" });

/** A mark of the axis: the time of day, or the day where marks are days apart. */
function moment(at: number, splits: number[]): string {
  const apart = (splits[1] ?? 0) - (splits[0] ?? 0);
  return (apart < 86_400 / 2 ? HOUR : DAY).format(at * 1000);
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Draws a dashed line where a version began, with its name. */
function drawStarts(plot: uPlot, starts: VersionStart[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour("--text");
  ctx.font = `${11 * devicePixelRatio}px system-ui`;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.textAlign = "left";
  // When the first of them began is where the memory ends.
  for (const { version, at } of starts.slice(1)) {
    const x = plot.valToPos(Date.parse(at) / 1000, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(version.slice(0, 16), x + 3 * devicePixelRatio, bbox.top + 10 * devicePixelRatio);
  }
  ctx.restore();
}

function options(width: number, step: number, starts: () => VersionStart[]): uPlot.Options {
  const line = () => colour("--line");
  const text = () => colour("--faint");
  const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "12px system-ui" };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: true, range: (_, from, to) => [from - step / 2, to + step / 2] }, y: { range: (_, __, most) => [0, most * 1.15] } },
    hooks: { draw: [(plot) => drawStarts(plot, starts())] },
    axes: [
      { ...axis, values: (_, splits) => splits.map((at) => moment(at, splits)) },
      { ...axis, size: 66, values: (_, splits) => splits.map((value) => (value === 0 ? "0" : duration(value * 1e9))) }],
    series: [
      {},
      {
        label: "critical path",
        stroke: () => colour("--accent"),
        fill: () => colour("--accent-soft"),
        width: 1.5,
        points: { show: false },
        ...(uPlot.paths.bars ? { paths: uPlot.paths.bars({ size: [0.8, 40] }) } : {}),
      },
    ],
  };
}
