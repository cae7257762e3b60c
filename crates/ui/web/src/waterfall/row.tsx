// One row of a waterfall: its name, its bar, its length.
import { counted, duration, grouped } from "../text/format";
import type { Node } from "./nodes";
import { type RepeatFigures, type Row, figuresOf, merged } from "./rows";

/** Bars of a folded row closer than this share of the whole are drawn as one: at most 200 of them. */
const APART = 1 / 200;
/** Deeper spans are not indented any further. */
const INDENT_MAX = 24;

export function RowView({ row, end, toggle }: { row: Row; end: number; toggle: () => void }) {
  const { node, repeats } = row;
  const folded = repeats.length > 0;
  const figures = figuresOf(repeats);
  const bars = folded ? merged(repeats, end * APART) : [node];
  const pieces = folded ? repeats.flatMap(({ path }) => path) : node.path;
  return (
    <>
      <span class="name" title={said(row)} style={{ paddingLeft: `${Math.min(node.depth, INDENT_MAX) * 0.75}rem` }}>
        <span
          class={row.parent ? "fold" : "leaf"}
          aria-hidden="true"
          onClick={(event) => {
            if (!row.parent) return;
            event.stopPropagation();
            toggle();
          }}
        >
          {row.parent ? (row.open ? "▾" : "▸") : ""}
        </span>
        {node.mark && !folded && <b class="mark">{node.mark === "anchor" ? "⚑ " : "● "}</b>}
        {folded && <b class={node.mark === "member" ? "mark" : ""}>{node.mark === "member" ? "● " : ""}{grouped(figures.count)} × </b>}
        {node.count > 1 && !folded && <b>{node.count} × </b>}
        <span class={node.failed ? "failed" : ""}>{node.label}</span>
        {node.failed && <b class="failed"> failed</b>}
        <span class="faint"> {folded ? spread(figures) : node.service}</span>
      </span>
      <span class="lane" aria-hidden="true">
        {bars.map(({ from, to }) => (
          <i key={from} class={`bar ${node.category}${node.mark === "member" ? " member" : ""}`} style={place(from, to, end)} />
        ))}
        {merged(pieces, end * APART).map(({ from, to }) => (
          <i key={from} class={`crit ${node.category}`} style={place(from, to, end)} />
        ))}
      </span>
      <span class="unseen">{unseen(row)}</span>
      <span class="length">{folded ? `Σ ${duration(figures.sum)}` : duration(node.to - node.from)}</span>
    </>
  );
}

function place(from: number, to: number, end: number) {
  const left = Math.max(0, Math.min(1, from / end));
  return { left: `${left * 100}%`, width: `${Math.max(0, Math.min(1 - left, (to - from) / end)) * 100}%` };
}

/** Repeats in figures: how long each takes, and how long between them. */
function spread({ least, median, most, gaps }: RepeatFigures): string {
  return `${duration(median)} (${duration(least)}–${duration(most)}), gaps ${duration(gaps)}`;
}

/** What only the eye sees of a row. */
function unseen({ node, repeats }: Row): string {
  const path = repeats.length > 0 ? repeats.flatMap((one) => one.path) : node.path;
  const part = node.mark ? `${node.mark} of the fault, ` : "";
  return `${part}${onPath(path)}, length`;
}

/** A row in words. */
function said(row: Row): string {
  const { node, repeats } = row;
  if (repeats.length > 0) {
    const { count, least, median, most, gaps } = figuresOf(repeats);
    return (
      `${count} times ${node.label} of ${node.service}: ${duration(least)} to ${duration(most)} each, median ${duration(median)}, ` +
      `${duration(gaps)} between them, ${onPath(repeats.flatMap(({ path }) => path))}`
    );
  }
  const stands = node.count > 1 ? `, stands for ${counted(node.count, "span")}` : "";
  const part = node.mark ? `, ${node.mark} of the fault` : "";
  return `${node.label} of ${node.service}, ${duration(node.to - node.from)}${stands}${part}${node.failed ? ", failed" : ""}, ${onPath(node.path)}`;
}

function onPath(pieces: Node["path"]): string {
  const waited = pieces.reduce((sum, { from, to }) => sum + to - from, 0);
  return waited > 0 ? `${duration(waited)} on the critical path` : "off the critical path";
}
