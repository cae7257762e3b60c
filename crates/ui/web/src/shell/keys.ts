// Single keys, for hands that stay where they are. They rest while somebody types.
import { go, to } from "../route";
import { help } from "./help";
import { WAYS } from "./ways";

/** How long a `g` waits for its second key. */
const SECOND_MS = 1_500;

let lead = 0;

export function listen(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target instanceof HTMLElement ? event.target : document.body;
    if (event.key === "Escape") target.blur();
    if (help.value || target.matches("input, select, textarea, [contenteditable]")) return;
    if (press(event.key, event.timeStamp)) event.preventDefault();
  });
}

function press(key: string, at: number): boolean {
  const way = at - lead < SECOND_MS ? WAYS.find(([, , second]) => second === key) : undefined;
  lead = 0;
  if (way) {
    go(to(way[0]));
    scrollTo(0, 0);
    return true;
  }
  switch (key) {
    case "g":
      lead = at;
      return true;
    case "?":
      help.value = true;
      return true;
    case "/":
      return focus(document.querySelector<HTMLElement>("[data-search]"));
    case "j":
      return step(1);
    case "k":
      return step(-1);
    default:
      return false;
  }
}

/** Moves the focus among the rows of the page; it begins at the first or last one that is seen. */
function step(by: 1 | -1): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const here = rows.findIndex((row) => row === document.activeElement);
  if (here >= 0) return focus(rows[here + by] ?? null);
  const seen = rows.filter((row) => {
    const { top, bottom } = row.getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  });
  return focus((by > 0 ? (seen[0] ?? rows[0]) : (seen.at(-1) ?? rows.at(-1))) ?? null);
}

function focus(element: HTMLElement | null): boolean {
  element?.focus();
  element?.scrollIntoView({ block: "nearest" });
  return element !== null;
}
