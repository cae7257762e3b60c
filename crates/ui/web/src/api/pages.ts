// A long list: its first page live, the others asked for as the reader comes near them.
import { useEffect, useRef, useState } from "preact/hooks";

import { Refusal, ask } from "./client";
import { useLive } from "./live";
import { useSteady } from "./steady";

/** Rows of a page. Who leaps gets what lies between in pages as long as the API gives them. */
const ROWS = 50;
const ROWS_MAX = 1_000;
/** How often a page beyond the first is asked for again while it is in view. */
const AGAIN_MS = 15_000;

interface Listed {
  total: number;
  next_cursor?: string | null;
}

interface Page<T> {
  /** The address that it was asked for under. */
  path: string;
  rows: T[];
  next: string;
}

/** What is held of a list. */
interface Held<L, T> {
  path: string;
  /** The newest answer for the first page. */
  list: L | null;
  /** Keys of the first page in the order that is shown. */
  order: string[];
  more: Page<T>[];
  /** Heights of what was drawn, for who draws it. */
  heights: number[];
  /** Place of the row in the middle of the window. */
  middle: number;
  /** Up to where rows are wanted; they are being asked for. */
  wanted: number;
  asking: boolean;
}

/** The list that was shown last, so that the way back leads to the same rows. */
let last: Held<unknown, unknown> | null = null;

export interface Pages<L, T> {
  list: L | null;
  rows: T[];
  /** Rows that there are in all, as far as one can tell: while pages are asked for, rows come and go. */
  total: number;
  heights: number[];
  refusal: Refusal | null;
  /** How many rows of the first page stand elsewhere by now. */
  moved: number;
  /** Shows the order of now, from the top. */
  settle: () => void;
  again: () => void;
  /** Tells which row is in the middle of the window, and up to which one rows are wanted. */
  look: (middle: number, to: number) => void;
}

interface Asked<L, T> {
  /** The address of the list with its filters, without where a page begins and how long it is. */
  path: string;
  every: number;
  rowsOf: (list: L) => T[];
  key: (row: T) => string;
  /** The reader came back: what was shown then is shown now. */
  back: boolean;
}

export function usePages<L extends Listed, T>({ path, every, rowsOf, key, back }: Asked<L, T>): Pages<L, T> {
  const held = useRef<Held<L, T> | null>(null);
  if (held.current?.path !== path) {
    const same = back && last?.path === path;
    held.current = same ? (last as Held<L, T>) : { path, list: null, order: [], more: [], heights: [], middle: 0, wanted: 0, asking: false };
  }
  const of = held.current;
  last = of;
  const [refused, refuse] = useState<Refusal | null>(null);
  const [, draw] = useState(0);
  const changed = () => held.current === of && draw((times) => times + 1);

  const live = useLive<L>(paged(path, ROWS), every);
  of.list = live.data ?? of.list;
  const { rows: first, moved, settle } = useSteady(of.list ? rowsOf(of.list) : [], key, of);
  const rows = joined(first, of.more, key);

  const load = async () => {
    if (of.asking) return;
    of.asking = true;
    try {
      while (held.current === of && of.list && rowsHeld(of) < of.wanted) {
        const cursor = next(of);
        if (cursor === "") break;
        const missing = Math.ceil((of.wanted - rowsHeld(of)) / ROWS) * ROWS;
        const page = paged(path, Math.min(ROWS_MAX, missing), cursor);
        const before = of.more;
        const list = await ask<L>(page);
        // The order of now may have been asked for meanwhile, and then nothing follows this cursor.
        if (of.more === before) of.more = [...before, { path: page, rows: rowsOf(list), next: list.next_cursor ?? "" }];
      }
      refuse(null);
    } catch (error) {
      refuse(error instanceof Refusal ? error : new Refusal(0, String(error)));
    }
    of.asking = false;
    changed();
  };

  useEffect(() => {
    const timer = setInterval(async () => {
      const page = document.hidden ? undefined : pageAt(of);
      const list = page && (await ask<L>(page.path).catch(() => null));
      if (!page || !list) return;
      const fresh = new Map(rowsOf(list).map((row) => [key(row), row]));
      page.rows = page.rows.map((row) => fresh.get(key(row)) ?? row);
      changed();
    }, AGAIN_MS);
    return () => clearInterval(timer);
  }, [path]);

  return {
    list: of.list,
    rows,
    total: of.list && next(of) !== "" ? Math.max(of.list.total, rows.length) : rows.length,
    heights: of.heights,
    refusal: live.refusal ?? refused,
    moved,
    settle: () => {
      of.heights.length = 0;
      settle();
      scrollTo(0, 0);
    },
    again: () => {
      live.again();
      void load();
    },
    look: (middle, to) => {
      of.middle = middle;
      of.wanted = Math.max(to, 0);
      void load();
    },
  };

  function rowsHeld({ list, more }: Held<L, T>): number {
    return more.reduce((sum, page) => sum + page.rows.length, list ? rowsOf(list).length : 0);
  }

  /** Where the page after those that are held begins. */
  function next({ list, more }: Held<L, T>): string {
    return more.at(-1)?.next ?? list?.next_cursor ?? "";
  }

  /** The page beyond the first that the middle of the window is on. */
  function pageAt({ list, more, middle }: Held<L, T>): Page<T> | undefined {
    let end = list ? rowsOf(list).length : 0;
    return middle < end ? undefined : more.find((page) => middle < (end += page.rows.length));
  }
}

/** The address of a page of a list. */
function paged(path: string, limit: number, cursor = ""): string {
  const [list = "", filters = ""] = path.split("?");
  return `${list}?${new URLSearchParams([...new URLSearchParams(filters), ["limit", String(limit)], ...(cursor === "" ? [] : [["cursor", cursor]])])}`;
}

/** All rows once each: while pages are asked for, a row may go from one to the next. */
function joined<T>(first: T[], more: Page<T>[], key: (row: T) => string): T[] {
  if (more.length === 0) return first;
  const all = new Map(first.map((row) => [key(row), row]));
  for (const { rows } of more) for (const row of rows) if (!all.has(key(row))) all.set(key(row), row);
  return [...all.values()];
}
