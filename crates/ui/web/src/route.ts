// Addresses and pages. The address is all the state a page has, so that every view is a permalink.
import { signal } from "@preact/signals";

/** The pages, by the first part of their path; the first has none. */
export const PAGES = ["", "hotspots", "traces", "audit", "services", "operation", "third-parties", "compare", "ingest"] as const;
export type PageName = (typeof PAGES)[number];

export interface Route {
  page: PageName | null;
  /** The second part of the path. */
  id: string;
  query: URLSearchParams;
  /** The reader went back or forth, to what was seen before. */
  back: boolean;
}

/** How long a page that is gone back to has to show what it showed. */
const BACK_MS = 2_000;

// Assets lie one folder below the first page, wherever a proxy puts that.
const script: string = import.meta.url;

/** Path of the first page, with a slash at its end. */
export const root = new URL("..", script).pathname;

/** Where the reader is. */
export const route = signal<Route>(read(location));

function read(at: { pathname: string; search: string }, back = false): Route {
  const [first = "", second = "", ...more] = at.pathname.slice(root.length).split("/");
  const page = PAGES.find((name) => name === first);
  const known = at.pathname.startsWith(root) && page !== undefined && more.length === 0;
  return { page: known ? page : null, id: decoded(second), query: new URLSearchParams(at.search), back };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a page, or of one thing on it. */
export function to(page: PageName, id = "", query: Record<string, string> = {}): string {
  const path = [page, encodeURIComponent(id)].filter((part) => part !== "").join("/");
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ""));
  return root + path + (asked.size > 0 ? `?${asked}` : "");
}

/** Goes to an address of this page. */
export function go(address: string, replace = false): void {
  if (!replace) history.replaceState(scrollY, "");
  history[replace ? "replaceState" : "pushState"](null, "", address);
  route.value = read(location);
}

/** This page with other parameters; an empty value takes one away. What it does not name stays. */
export function withQuery(changes: Record<string, string | string[]>): string {
  const query = new URLSearchParams(route.value.query);
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    for (const one of Array.isArray(value) ? value : [value]) if (one !== "") query.append(name, one);
  }
  return location.pathname + (query.size > 0 ? `?${query}` : "");
}

/** Makes links of this page change the view instead of loading a document. */
export function follow(): void {
  history.scrollRestoration = "manual";
  addEventListener("popstate", ({ state }) => {
    route.value = read(location, true);
    if (typeof state === "number") scrollBack(state, performance.now() + BACK_MS);
  });
  addEventListener("pagehide", () => history.replaceState(scrollY, ""));
  if (typeof history.state === "number") scrollBack(history.state, performance.now() + BACK_MS);
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!(link instanceof HTMLAnchorElement) || link.target !== "" || link.hasAttribute("download")) return;
    const there = new URL(link.href);
    if (there.origin !== location.origin || there.hash !== "" || read(there).page === null) return;
    event.preventDefault();
    const samePage = there.pathname === location.pathname;
    go(there.pathname + there.search);
    if (!samePage) scrollTo(0, 0);
  });
}

/** Scrolls to where the reader was, as soon as what was there is there again. */
function scrollBack(top: number, until: number): void {
  const here = route.value;
  requestAnimationFrame(() => {
    if (route.value !== here || performance.now() > until) return;
    scrollTo(0, top);
    if (Math.abs(scrollY - top) > 1) scrollBack(top, until);
  });
}
