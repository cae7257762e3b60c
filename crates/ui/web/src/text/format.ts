// Numbers, durations and moments in the form that people read fastest.

const UNITS: [number, string][] = [
  [3_600e9, "h"],
  [60e9, "min"],
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "µs"],
];

/** Two digits that matter, more where they are whole: 9.4, 94, 942. */
export function digits(value: number): string {
  if (value === 0) return "0";
  if (value < 0.01) return "< 0.01";
  if (value < 0.995) return String(Number(value.toPrecision(2)));
  if (value < 9.95) return value.toFixed(1);
  return grouped(Math.round(value));
}

/** 12 345 with narrow spaces. */
export function grouped(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** Nanoseconds: `412 ms`, `1.3 s`. */
export function duration(ns: number): string {
  const unit = UNITS.find(([size]) => ns >= size * 0.9995);
  return unit ? `${digits(ns / unit[0])}\u00a0${unit[1]}` : `${Math.round(ns)}\u00a0ns`;
}

/** Seconds of request time in an hour. */
export function perHour(seconds: number): string {
  if (seconds === 0) return "0\u00a0s";
  return duration(seconds * 1e9);
}

/** A share of one: `83 %`. */
export function percent(share: number): string {
  const hundredths = share * 100;
  if (hundredths > 0 && hundredths < 1) return "<\u00a01\u00a0%";
  if (hundredths > 99 && hundredths < 100) return ">\u00a099\u00a0%";
  return `${Math.round(hundredths)}\u00a0%`;
}

/** Weeks of one team: `1 day`, `2 weeks`. */
export function effort(weeks: number): string {
  if (weeks >= 1) return counted(Number(weeks.toFixed(1)), "week");
  return counted(Math.max(1, Math.round(weeks * 5)), "day");
}

/** A text in the length that a list has room for; where it stands alone it is shown whole. */
export function cut(text: string, most: number): string {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : text;
}

/** Bytes: `12 MiB`. */
export function bytes(value: number): string {
  const names = ["B", "KiB", "MiB", "GiB", "TiB"];
  const at = Math.min(names.length - 1, value < 1 ? 0 : Math.floor(Math.log2(value) / 10));
  return `${digits(value / 1024 ** at)}\u00a0${names[at]}`;
}

/** `1 trace`, `2 traces`. */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${Number.isInteger(number) ? grouped(number) : number}\u00a0${number === 1 ? one : many}`;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const MINUTE = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** Time of day by the clock of the reader, with the day unless it is today. */
export function clock(moment: string | number): string {
  const at = new Date(moment);
  return at.toDateString() === new Date().toDateString() ? CLOCK.format(at) : DAY.format(at);
}

/** A window by the clock of the reader, in minutes: the day stands with both ends, or with none when both are today. */
export function period(from: string, until: string): string {
  const today = new Date().toDateString();
  const ends = [from, until].map((moment) => new Date(moment));
  const as = ends.every((end) => end.toDateString() === today) ? MINUTE : DAY;
  return ends.map((end) => as.format(end)).join(" to ");
}

/** Nanoseconds between two moments as the API writes them, exact as long as they are days apart. */
export function since(from: string, to: string): number {
  return (whole(to) - whole(from)) * 1e9 + (fraction(to) - fraction(from));
}

function whole(moment: string): number {
  return Date.parse(`${moment.slice(0, 19)}Z`) / 1000;
}

function fraction(moment: string): number {
  return Number(moment.slice(20, 29).replace(/\D.*/, "").padEnd(9, "0"));
}
