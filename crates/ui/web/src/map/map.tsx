// The map of services. What it shows is in the table beside it too, so it is a picture for those who see it.
import { useMemo } from "preact/hooks";

import type { Dependency } from "../api/types";
import { counted, duration, grouped } from "../text/format";
import { type Box, type Line, layout } from "./layout";

const WIDE = 168;
const HIGH = 30;
const ACROSS = 84;
const BETWEEN = 16;
/** Characters of a name in its box. */
const NAME = 22;

interface Props {
  edges: Dependency[];
  /** Hotspots by service. */
  hotspots: Map<string, number>;
  choose: (service: string) => void;
}

export function MapView({ edges, hotspots, choose }: Props) {
  const { boxes, lines, left } = useMemo(() => layout(edges), [edges]);
  const width = 24 + (Math.max(0, ...boxes.map(({ column }) => column)) + 1) * (WIDE + ACROSS);
  const rows = [...boxes, ...lines.flatMap(({ via }) => via)].map(({ row }) => row);
  const height = 24 + (Math.max(0, ...rows) + 1) * (HIGH + BETWEEN);
  const most = Math.max(1, ...lines.map(({ path }) => path));
  return (
    <figure class="map">
      <div class="scroll" tabIndex={0} role="group" aria-label="Map of services">
        <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="img" aria-label={`${counted(boxes.length, "place")}, ${counted(lines.length, "edge")}`}>
          {lines.map((line, at) => (
            <Edge key={at} of={line} most={most} />
          ))}
          {boxes.map((box) => (
            <Place key={`${box.kind} ${box.name}`} of={box} hotspots={box.kind === "service" ? (hotspots.get(box.name) ?? 0) : 0} choose={choose} />
          ))}
        </svg>
      </div>
      <figcaption class="faint">
        Callers left, callees right. Thick lines carry more critical-path time; dashed ones go back to a caller, which makes a circle.
        Stores have a double border, other companies a dashed one; a number is the hotspots of a service.
        {left > 0 && ` ${counted(left, "edge")} found no room.`}
      </figcaption>
    </figure>
  );
}

function corner({ column, row }: Box): [number, number] {
  return [12 + column * (WIDE + ACROSS), 12 + row * (HIGH + BETWEEN)];
}

function Place({ of, hotspots, choose }: { of: Box; hotspots: number; choose: (service: string) => void }) {
  const [x, y] = corner(of);
  const name = of.name.length > NAME ? `${of.name.slice(0, NAME - 1)}…` : of.name;
  const open = of.kind === "service" ? () => choose(of.name) : undefined;
  return (
    <g class={`place ${of.kind}`} onClick={open}>
      <title>{of.name}</title>
      <rect x={x} y={y} width={WIDE} height={HIGH} rx={of.kind === "service" ? 4 : 12} />
      {of.kind === "store" && <rect x={x + 3} y={y + 3} width={WIDE - 6} height={HIGH - 6} rx={9} class="inner" />}
      <text x={x + WIDE / 2} y={y + HIGH / 2 + 4.5} text-anchor="middle">
        {name}
      </text>
      {hotspots > 0 && (
        <>
          <circle cx={x + WIDE} cy={y} r={9.5} class="count" />
          <text x={x + WIDE} y={y + 4} text-anchor="middle" class="count">
            {hotspots > 99 ? "99" : hotspots}
          </text>
        </>
      )}
    </g>
  );
}

function Edge({ of, most }: { of: Line; most: number }) {
  return (
    <path class={of.back ? "edge back" : "edge"} d={of.back ? around(of) : along(of)} stroke-width={1 + 6 * (of.path / most)}>
      <title>
        {of.from.name} to {of.to.name}: {grouped(of.calls)} calls, {grouped(of.failed)} failed, {duration(of.path)} of critical path
      </title>
    </path>
  );
}

/** From box to box through the places between. */
function along({ from, via, to }: Line): string {
  const bend = ACROSS / 2;
  let [x, y] = corner(from);
  [x, y] = [x + WIDE, y + HIGH / 2];
  let path = `M${x} ${y}`;
  for (const step of [...via, to]) {
    const [nx, top] = corner(step);
    const ny = top + HIGH / 2;
    path += `C${x + bend} ${y} ${nx - bend} ${ny} ${nx} ${ny}`;
    [x, y] = [nx, ny];
    if (step.kind === "way") {
      x += WIDE;
      path += `H${x}`;
    }
  }
  return path;
}

/** Back to a caller, around the right of both. */
function around({ from, to }: Line): string {
  const [[fx, fy], [tx, ty]] = [corner(from), corner(to)];
  const bend = Math.max(fx, tx) + WIDE + ACROSS / 2;
  const [y1, y2] = [fy + HIGH * 0.3, ty + HIGH * 0.7];
  return `M${fx + WIDE} ${y1}C${bend} ${y1} ${bend} ${y2} ${tx + WIDE} ${y2}`;
}
