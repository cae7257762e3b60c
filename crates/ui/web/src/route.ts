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
}

// Assets lie one folder below the first page, wherever a proxy puts that.
const script: string = import.meta.url;

/** Path of the first page, with a slash at its end. */
export const root = new URL("..", script).pathname;

/** Where the reader is. */
export const route = signal<Route>(read(location));

function read(at: { pathname: string; search: string }): Route {
  const [first = "", second = "", ...more] = at.pathname.slice(root.length).split("/");
  const page = PAGES.find((name) => name === first);
  const known = at.pathname.startsWith(root) && page !== undefined && more.length === 0;
  return { page: known ? page : null, id: decoded(second), query: new URLSearchParams(at.search) };
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
  addEventListener("popstate", () => (route.value = read(location)));
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
