// Windows of time as the API reads them, `FROM..UNTIL`, and as fields of a form have them.

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** The moment of a text in milliseconds: RFC 3339, Unix seconds, `now`, or before now as `-2h`. */
export function momentOf(text: string, now: number): number | null {
  if (text === "now") return now;
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const [, count = "", unit = ""] = /^-?(\d+)([smhdw])$/.exec(text) ?? [];
  if (count !== "") return now - Number(count) * (UNITS[unit] ?? 0);
  // Browsers read years into many texts that are no moments.
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}

/** A moment as a field for local time has it, in whole minutes: `2026-11-28T14:05`. */
export function field(moment: number): string {
  const at = new Date(moment);
  return new Date(moment - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** A moment as an address has it: it means the same tomorrow, and to readers elsewhere. */
export function stamp(moment: number): string {
  return `${new Date(moment).toISOString().slice(0, 19)}Z`;
}

/** Both ends of a window as fields have them; empty where the text says none. */
export function fieldsOf(window_: string, now: number): [string, string] {
  const [from = "", until = ""] = window_.split("..").map((text) => {
    const at = momentOf(text, now);
    return at === null ? "" : field(at);
  });
  return [from, until];
}

/** What is wrong with the ends of a window, as what to do; empty when nothing is. */
export function wrong(from: string, until: string, now: number): string {
  if (from === "" || until === "") return "Give both a day and a time to each end.";
  const [begin, end] = [Date.parse(from), Date.parse(until)];
  if (begin >= end) return "It ends before it begins: choose a later end or an earlier start.";
  if (begin > now) return "It has not begun: choose a start in the past.";
  const recent = now - begin <= 3_600_000;
  if (!recent && Math.floor(end / 3_600_000) <= Math.floor(begin / 3_600_000) && end < now) {
    return "It holds no whole hour. Before the last hour only whole hours are kept: choose ends an hour apart.";
  }
  return "";
}
