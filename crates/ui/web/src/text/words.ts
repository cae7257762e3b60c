// The closed lists of words that the API speaks, as sentences have them.
import type { Break, Change, Role, State } from "../api/types";

export const BREAKS: Record<Break, { name: string; title: string }> = {
  database: { name: "Database", title: "The database as application server" },
  synchronous: { name: "Synchronous", title: "Synchronous everything" },
  observability: { name: "Observability", title: "No observability" },
  seams: { name: "Seams", title: "A monolith with no seams" },
};

export const STATES: Record<State, { name: string; says: string }> = {
  new: { name: "new", says: "in its first 24 hours" },
  open: { name: "open", says: "still there after 24 hours" },
  worsening: { name: "worsening", says: "grew by half over its week" },
  acknowledged: { name: "acknowledged", says: "accepted by a person" },
  muted: { name: "muted", says: "silenced by a person until a time" },
  not_exercised: { name: "not exercised", says: "its operation is not called" },
  fixed: { name: "fixed", says: "its operation is called and the fault is gone" },
  regressed: { name: "regressed", says: "back after it was fixed" },
};

export const CHANGES: Record<Change, { name: string; says: string }> = {
  appeared: { name: "appeared", says: "on the second side only" },
  grew: { name: "grew", says: "costs more on the second side" },
  shrank: { name: "shrank", says: "costs less on the second side" },
  gone: { name: "gone", says: "on the first side only" },
  same: { name: "the same", says: "costs the same, as far as the traces tell" },
  unclear: { name: "unclear", says: "on one side, while the other has too few traces to show it" },
};

export const ROLES: Record<Role, string> = { worst: "Worst", median: "Median", newest: "Newest" };

export const CATEGORIES = ["self", "db", "cache", "internal", "third_party", "queue", "gap"] as const;
export type Category = (typeof CATEGORIES)[number];

export const CATEGORY_NAMES: Record<Category, string> = {
  self: "own work",
  db: "database",
  cache: "cache",
  internal: "calls inside",
  third_party: "third parties",
  queue: "queue",
  gap: "not seen",
};

const CAUSES: Record<string, string> = {
  self: "own work",
  dispatch: "between two children",
  net_out: "on the way to the server",
  net_in: "on the way back",
  wait_unknown: "waiting for one that cannot be seen",
  abandoned: "nobody took its answer",
  queue: "the message waits",
};

/** Why a piece of time is on the critical path. */
export function cause(word: string): string {
  return CAUSES[word] ?? plain(word);
}

/** An identifier as words: `skew_corrected` is `skew corrected`. */
export function plain(word: string): string {
  return word.replaceAll("_", " ").replaceAll("-", " ");
}
