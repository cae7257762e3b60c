// Rows that do not move under the reader: numbers change in place, the order waits until nobody looks closely.
import { useEffect, useState } from "preact/hooks";

/** How long after the last touch somebody still looks closely. */
const CALM_MS = 10_000;

/** When a key or a pointer was last used. */
let touched = 0;
for (const kind of ["keydown", "pointerdown", "pointermove", "wheel"]) {
  addEventListener(kind, () => (touched = Date.now()), { passive: true, capture: true });
}

function closely(): boolean {
  return scrollY > 40 || Date.now() - touched < CALM_MS;
}

/** The rows in the order that was shown first, and how many of them stand elsewhere by now. */
export interface Steady<T> {
  rows: T[];
  moved: number;
  /** Shows the order of now. */
  settle: () => void;
}

/** The order that is shown, and pages that follow it in that order. */
interface Order {
  order: string[];
  more: unknown[];
}

/** Holds the order of `rows` in `held` while somebody looks closely. What follows another order is other pages. */
export function useSteady<T>(rows: T[], key: (row: T) => string, held: Order): Steady<T> {
  const [, draw] = useState(0);
  const now = rows.map(key);
  const settle = () => {
    if (now.every((one, at) => held.order[at] === one) && now.length === held.order.length) return;
    held.order = now;
    held.more = [];
  };
  if (held.order.length === 0 || !closely()) settle();
  const byKey = new Map(rows.map((row) => [key(row), row]));
  const shown = held.order.flatMap((one) => byKey.get(one) ?? []);
  const moved = now.filter((one, at) => held.order[at] !== one).length;
  useEffect(() => {
    if (moved === 0) return;
    const timer = setTimeout(() => draw((times) => times + 1), CALM_MS);
    return () => clearTimeout(timer);
  });
  return {
    rows: shown,
    moved,
    settle: () => {
      settle();
      draw((times) => times + 1);
    },
  };
}
