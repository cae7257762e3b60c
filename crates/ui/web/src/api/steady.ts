// Rows that do not move under the reader: numbers change in place, the order waits until nobody looks closely.
import { useEffect, useRef, useState } from "preact/hooks";

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

/** Holds the order of `rows` while somebody looks closely; another `subject` is another list. */
export function useSteady<T>(rows: T[], key: (row: T) => string, subject: string): Steady<T> {
  const order = useRef<{ subject: string; keys: string[] }>({ subject, keys: [] });
  const [, draw] = useState(0);
  const now = rows.map(key);
  const held = order.current;
  if (held.subject !== subject || held.keys.length === 0 || !closely()) order.current = { subject, keys: now };
  const keys = order.current.keys;
  const byKey = new Map(rows.map((row) => [key(row), row]));
  const shown = keys.flatMap((one) => byKey.get(one) ?? []);
  const moved = now.filter((one, at) => keys[at] !== one).length;
  useEffect(() => {
    if (moved === 0) return;
    const timer = setTimeout(() => draw((times) => times + 1), CALM_MS);
    return () => clearTimeout(timer);
  });
  const settle = () => {
    order.current = { subject, keys: now };
    draw((times) => times + 1);
  };
  return { rows: shown, moved, settle };
}
