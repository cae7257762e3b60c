// A waterfall: as many rows in the document as the window shows, however many spans a trace has.
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";

import { counted, duration } from "../text/format";
import { Axis } from "./axis";
import type { Node, Picture } from "./nodes";
import { RowView } from "./row";
import { type Folds, type Row, rowsOf } from "./rows";

/** Height of a row in the unit of the style sheet. */
const ROW_REM = 1.625;
/** Rows above and below what is seen. */
const BEYOND = 12;
/** Most of the window that a waterfall takes. */
const TALLEST = 0.7;

interface Props {
  picture: Picture;
  name: string;
  /** What was chosen, by its place. */
  chosen?: number | null;
  choose?: (node: Node) => void;
}

export function Waterfall({ picture, name, chosen = null, choose }: Props) {
  const [folds, fold] = useState<Folds>({ unfolded: new Set(), closed: new Set() });
  const rows = useMemo(() => rowsOf(picture.nodes, folds), [picture, folds]);
  const [active, activate] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const view = useWindow(box, rows.length);
  const id = useId();

  const show = (at: number) => {
    const to = Math.max(0, Math.min(rows.length - 1, at));
    activate(to);
    view.reveal(to);
  };
  const toggle = (row: Row) => {
    const change = (set: ReadonlySet<string>) => {
      const changed = new Set(set);
      if (!changed.delete(row.key)) changed.add(row.key);
      return changed;
    };
    fold(row.repeats.length > 0 ? { ...folds, unfolded: change(folds.unfolded) } : { ...folds, closed: change(folds.closed) });
  };
  const press = (event: KeyboardEvent) => {
    const row = rows[active];
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, view.fitting - 1);
    const moves: Record<string, () => void> = {
      ArrowDown: () => show(active + 1),
      ArrowUp: () => show(active - 1),
      PageDown: () => show(active + page),
      PageUp: () => show(active - page),
      Home: () => show(0),
      End: () => show(rows.length - 1),
      ArrowRight: () => (row.parent && !row.open ? toggle(row) : show(active + 1)),
      ArrowLeft: () => (row.parent && row.open ? toggle(row) : show(above(rows, active))),
      Enter: () => choose?.(row.node),
      " ": () => (row.parent ? toggle(row) : choose?.(row.node)),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  };
  return (
    <div class="waterfall">
      <div
        ref={box}
        class="window"
        role="tree"
        aria-label={`${name}: ${counted(picture.nodes.length, "span")} in ${duration(picture.end)}`}
        tabIndex={0}
        aria-activedescendant={rows.length > 0 ? `${id}-${active}` : undefined}
        onKeyDown={press}
        onScroll={view.scrolled}
        style={{ height: `calc(${(Math.min(rows.length, view.most) + 1) * ROW_REM}rem + 2px)` }}
      >
        <Axis end={picture.end} />
        <div class="all" role="presentation" style={{ height: `${rows.length * ROW_REM}rem` }}>
          {rows.slice(view.from, view.to).map((row, place) => {
            const at = view.from + place;
            return (
              <div
                key={row.key}
                id={`${id}-${at}`}
                role="treeitem"
                aria-level={row.node.depth + 1}
                aria-expanded={row.parent ? row.open : undefined}
                aria-selected={chosen === row.node.at && row.repeats.length === 0}
                data-at={at}
                class={at === active ? "row active" : "row"}
                style={{ top: `${at * ROW_REM}rem` }}
                onClick={() => {
                  activate(at);
                  if (row.repeats.length > 0) toggle(row);
                  else choose?.(row.node);
                }}
              >
                <RowView row={row} end={picture.end} toggle={() => toggle(row)} />
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** The row that the row at `at` lies below. */
function above(rows: Row[], at: number): number {
  const depth = rows[at]?.node.depth ?? 0;
  let up = at - 1;
  while (up > 0 && (rows[up]?.node.depth ?? 0) >= depth) up -= 1;
  return up;
}

/** Which rows are seen. */
function useWindow(box: { current: HTMLDivElement | null }, total: number) {
  const [top, scrolled] = useState(0);
  const [room, measure] = useState(() => ({ row: rowHeight(), window: innerHeight }));
  useEffect(() => {
    const change = () => measure({ row: rowHeight(), window: innerHeight });
    addEventListener("resize", change);
    return () => removeEventListener("resize", change);
  }, []);
  // Only whole rows matter: within one nothing is drawn anew.
  const scroll = () => scrolled(Math.floor((box.current?.scrollTop ?? 0) / room.row) * room.row);
  const most = Math.max(6, Math.floor((room.window * TALLEST) / room.row));
  const fitting = Math.min(total, most);
  const first = Math.min(Math.floor(top / room.row), Math.max(0, total - fitting));
  return {
    most,
    fitting,
    from: Math.max(0, first - BEYOND),
    to: Math.min(total, first + fitting + BEYOND),
    scrolled: scroll,
    reveal: (at: number) => {
      const element = box.current;
      if (!element) return;
      const [from, to] = [at * room.row, (at + 1) * room.row];
      if (from < element.scrollTop) element.scrollTop = from;
      // The axis covers one row of the window.
      const bottom = element.scrollTop + element.clientHeight - room.row;
      if (to > bottom) element.scrollTop += to - bottom;
      scroll();
    },
  };
}

function rowHeight(): number {
  return ROW_REM * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
}
