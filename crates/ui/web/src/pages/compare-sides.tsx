// What is compared with what: any two windows, versions of a service, ids of traces.
import { useId, useState } from "preact/hooks";

import { useLive } from "../api/live";
import type { Service, ServiceList } from "../api/types";
import { Tabs } from "../parts/tabs";
import { go, route, to, withQuery } from "../route";
import { fieldsOf, stamp, wrong } from "../text/window";
import { Select, pair } from "./filters";

const KINDS = ["times", "versions", "traces"] as const;
type Kind = (typeof KINDS)[number];

const VERSION = "version:";
/** What the API compares when nobody says. */
const USUAL = { a: "-24h..-1h", b: "-1h..now" };

interface Sides {
  a: string;
  b: string;
}

/** Of which kind both sides are; without any it is windows. */
export function kindOf(a: string, b: string): Kind {
  if (a.startsWith(VERSION) || b.startsWith(VERSION)) return "versions";
  return a + b === "" || a.includes("..") || b.includes("..") ? "times" : "traces";
}

export function SideChoice({ a, b }: Sides) {
  const shown = kindOf(a, b);
  const [own, setOwn] = useState({ under: shown, at: KINDS.indexOf(shown) });
  // A tab opened by hand holds until the address is of another kind.
  const at = own.under === shown ? own.at : KINDS.indexOf(shown);
  const choose = (next: number) => setOwn({ under: shown, at: next });
  const kind = KINDS[at];
  return (
    <Tabs name="What is compared" tabs={["Two times", "Two versions", "Two traces"]} chosen={at} choose={choose}>
      {kind === "times" && <Times a={a} b={b} />}
      {kind === "versions" && <Versions a={a} b={b} />}
      {kind === "traces" && (shown === kind ? <Traces key={`${a} ${b}`} a={a} b={b} /> : <Traces a="" b="" />)}
    </Tabs>
  );
}

/** Days by the clock of the reader, as moments, so that the address means the same tomorrow. */
function days(): Sides {
  const now = new Date();
  const midnight = (ago: number) => `${new Date(now.getFullYear(), now.getMonth(), now.getDate() - ago).toISOString().slice(0, 19)}Z`;
  return { a: `${midnight(1)}..${midnight(0)}`, b: `${midnight(0)}..now` };
}

/** This page with other sides: which service and detector stays, which changes and which rows begins anew. */
function beside(sides: Sides & { service?: string }): string {
  return withQuery({ ...sides, change: "", cursor: "" });
}

function Times({ a, b }: Sides) {
  const presets: [string, Sides][] = [
    ["Last hour beside the day before", { a: "", b: "" }],
    ["Last hour beside the same a day ago", { a: "-25h..-24h", b: "-1h..now" }],
    ["Today beside yesterday", days()],
  ];
  const known = kindOf(a, b) === "times";
  return (
    <>
      <p class="actions">
        {presets.map(([name, sides]) => (
          <button key={name} type="button" aria-pressed={known && sides.a === a && sides.b === b} onClick={() => go(beside(sides))}>
            {name}
          </button>
        ))}
      </p>
      <Windows key={`${a} ${b}`} a={known && a !== "" ? a : USUAL.a} b={known && b !== "" ? b : USUAL.b} />
    </>
  );
}

/** Any two windows. */
function Windows({ a, b }: Sides) {
  const opened = useState(Date.now())[0];
  const [first, setFirst] = useState(fieldsOf(a, opened));
  const [second, setSecond] = useState(fieldsOf(b, opened));
  const [faults, find] = useState(["", ""]);
  const compare = (event: SubmitEvent) => {
    event.preventDefault();
    const now = Date.now();
    const found = [first, second].map(([from, until]) => wrong(from, until, now));
    find(found);
    if (found.some((fault) => fault !== "")) return;
    // What was not touched stays as it was asked for: `now` goes on.
    const side = (asked: string, ends: [string, string]) =>
      fieldsOf(asked, opened).join() === ends.join() ? asked : ends.map((end) => stamp(Date.parse(end))).join("..");
    go(beside({ a: side(a, first), b: side(b, second) }));
  };
  return (
    <form class="filters windows" aria-label="Windows" onSubmit={compare} noValidate>
      <WindowFields name="First window" ends={first} change={setFirst} fault={faults[0] ?? ""} />
      <WindowFields name="Second window" ends={second} change={setSecond} fault={faults[1] ?? ""} />
      <button class="main">Compare</button>
      <button type="button" onClick={() => go(beside({ a: b, b: a }))}>
        Swap
      </button>
    </form>
  );
}

interface FieldsProps {
  name: string;
  ends: [string, string];
  change: (ends: [string, string]) => void;
  fault: string;
}

function WindowFields({ name, ends: [from, until], change, fault }: FieldsProps) {
  const id = useId();
  const fields = { type: "datetime-local" as const, step: 60, "aria-invalid": fault !== "", "aria-describedby": id };
  return (
    <fieldset>
      <legend>{name}</legend>
      <label>
        From
        <input {...fields} value={from} onInput={(event) => change([event.currentTarget.value, until])} />
      </label>
      <label>
        Until
        <input {...fields} value={until} onInput={(event) => change([from, event.currentTarget.value])} />
      </label>
      <p id={id} class="failed" role={fault === "" ? undefined : "alert"}>
        {fault}
      </p>
    </fieldset>
  );
}

function Versions({ a, b }: Sides) {
  const { data } = useLive<ServiceList>("services?limit=1000", 60_000);
  const service = route.value.query.get("service") ?? "";
  if (!data) return null;
  const several = data.services.filter(({ versions }) => versions.length > 1);
  if (several.length === 0) {
    return (
      <p>
        No service was seen in two versions. Services tell theirs as <code>service.version</code>, say{" "}
        <code>OTEL_RESOURCE_ATTRIBUTES=service.version=1.4</code>.
      </p>
    );
  }
  const versions = versionsOf(several, service);
  const values = versions.map((one): [string, string] => [VERSION + one, one]);
  const sides = versions.includes(a.slice(VERSION.length)) && versions.includes(b.slice(VERSION.length)) ? { a, b } : { a: "", b: "" };
  const show = (one: string, both: Sides) => go(beside({ ...both, service: one }));
  const chosen = (one: string) => {
    const [first = "", second = ""] = versionsOf(several, one).slice(-2);
    show(one, { a: VERSION + first, b: VERSION + second });
  };
  const side = (name: keyof Sides, value: string) => {
    const [first = "", last = ""] = [values.at(-2)?.[0], values.at(-1)?.[0]];
    show(service, { a: sides.a || first, b: sides.b || last, [name]: value });
  };
  const blank: [string, string][] = sides.a === "" ? [["", "choose"]] : [];
  return (
    <form class="filters" aria-label="Versions" onSubmit={(event) => event.preventDefault()}>
      <Select name="service" title="Service" values={[["", "all"], ...several.map((of) => pair(of.service))]} search chosen={service} choose={chosen} />
      <Select name="a" title="First version" values={[...blank, ...values]} chosen={sides.a} choose={(value) => side("a", value)} />
      <Select name="b" title="Second version" values={[...blank, ...values]} chosen={sides.b} choose={(value) => side("b", value)} />
    </form>
  );
}

/** The versions of one service, or of all, the higher number later. */
function versionsOf(services: Service[], service: string): string[] {
  const some = services.filter((of) => service === "" || of.service === service);
  return [...new Set(some.flatMap(({ versions }) => versions))].sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
}

function Traces({ a, b }: Sides) {
  const [first, typeFirst] = useState(a);
  const [second, typeSecond] = useState(b);
  const digits = (id: string) => id.trim().replaceAll("-", "").toLowerCase();
  const compare = (event: SubmitEvent) => {
    event.preventDefault();
    if (digits(first) !== "") go(to("compare", "", { a: digits(first), b: digits(second) }));
  };
  return (
    <form class="filters" aria-label="Traces" onSubmit={compare}>
      <label>
        First trace id
        <input data-search value={first} onInput={(event) => typeFirst(event.currentTarget.value)} size={36} spellcheck={false} autocomplete="off" required />
      </label>
      <label>
        Second trace id
        <input value={second} onInput={(event) => typeSecond(event.currentTarget.value)} size={36} spellcheck={false} autocomplete="off" required />
      </label>
      <button>Compare</button>
    </form>
  );
}
