// The body of a table that may have thousands of rows: only those near the window are in the document.
import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

/** Rows that come and go together. */
const GROUP = 25;
/** Height of a group before one was seen, in pixels. */
const USUAL = 1_400;
/** The window moves in such steps as far as rows are concerned. */
const STEP = 200;

interface Props<T> {
  rows: T[];
  /** How many there are, those included that were not asked for yet. */
  total: number;
  /** Heights of groups as they were drawn, by place. */
  heights: number[];
  look: (middle: number, to: number) => void;
  children: (row: T, at: number) => VNode;
}

export function LongBody<T extends object>({ rows, total, heights, look, children }: Props<T>) {
  const above = useRef<HTMLTableSectionElement>(null);
  const [top, move] = useState(0);
  // A row that did not change is not drawn again, however often the window moves.
  const drawn = useRef(new WeakMap<T, { at: number; node: VNode }>());
  const draw = (row: T, at: number) => {
    const known = drawn.current.get(row);
    if (known?.at === at) return known.node;
    const node = children(row, at);
    drawn.current.set(row, { at, node });
    return node;
  };
  const groups = Math.ceil(rows.length / GROUP);
  const usual = average(heights) || USUAL;
  const height = (group: number) => heights[group] ?? (usual * Math.min(GROUP, rows.length - group * GROUP)) / GROUP;
  const { from, to, before, after } = within(groups, height, top - innerHeight, top + 2 * innerHeight);
  const rest = Math.max(0, total - rows.length) * (usual / GROUP);

  useEffect(() => {
    const change = () => {
      const begin = above.current?.getBoundingClientRect().top ?? 0;
      move(Math.round(-begin / STEP) * STEP);
    };
    const resize = () => {
      heights.length = 0;
      change();
    };
    change();
    addEventListener("scroll", change, { passive: true });
    addEventListener("resize", resize);
    return () => {
      removeEventListener("scroll", change);
      removeEventListener("resize", resize);
    };
  }, [heights]);
  useLayoutEffect(() => {
    let group: Element | null | undefined = above.current;
    for (let at = from; at < to; at += 1) {
      group = group?.nextElementSibling;
      if (group && (at + 1) * GROUP <= rows.length) heights[at] = group.getBoundingClientRect().height;
    }
  });
  useEffect(() => {
    const all = before + after + sum(from, to, height);
    const place = (y: number) => Math.ceil(y < all ? (y / Math.max(all, 1)) * rows.length : rows.length + ((y - all) * GROUP) / usual);
    look(place(top + innerHeight / 2), Math.min(total, place(top + 2 * innerHeight)));
  }, [top, rows.length, total]);

  return (
    <>
      <Space place={above} height={before} />
      {Array.from({ length: to - from }, (_, nth) => from + nth).map((group) => (
        <tbody key={group}>{rows.slice(group * GROUP, (group + 1) * GROUP).map((row, nth) => draw(row, group * GROUP + nth))}</tbody>
      ))}
      <Space height={after + rest} words={rest > 0 ? "More rows are on their way …" : ""} />
    </>
  );
}

/** Stands for rows that are not in the document. */
function Space({ height, words = "", place }: { height: number; words?: string; place?: { current: HTMLTableSectionElement | null } }) {
  return (
    <tbody class="space" {...(place ? { ref: place } : {})} aria-hidden="true">
      {height > 0 && (
        <tr style={{ height: `${height}px` }}>
          <td>{words !== "" && <span>{words}</span>}</td>
        </tr>
      )}
    </tbody>
  );
}

/** Which groups lie between two heights, and how much lies before and after them. */
export function within(groups: number, height: (group: number) => number, begin: number, end: number) {
  let [from, before] = [0, 0];
  while (from < groups - 1 && before + height(from) <= begin) {
    before += height(from);
    from += 1;
  }
  let [to, seen] = [from, before];
  while (to < groups && (to === from || seen < end)) {
    seen += height(to);
    to += 1;
  }
  return { from, to, before, after: sum(to, groups, height) };
}

function sum(from: number, to: number, height: (group: number) => number): number {
  let all = 0;
  for (let group = from; group < to; group += 1) all += height(group);
  return all;
}

function average(heights: number[]): number {
  const known = heights.filter((height) => height > 0);
  return known.reduce((all, height) => all + height, 0) / Math.max(1, known.length);
}
