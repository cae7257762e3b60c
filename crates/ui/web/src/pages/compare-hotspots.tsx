// What became of each hotspot from one window or version to the other.
import { useLive } from "../api/live";
import type { Change, Comparison, DetectorList, HotspotChange, Measure, ServiceList, Side } from "../api/types";
import { CoverageStrip } from "../parts/coverage";
import { Facts, Table } from "../parts/facts";
import { BreakMark, ChangeMark } from "../parts/marks";
import { Banner, Refused, Waiting } from "../parts/talk";
import { go, route, to, withQuery } from "../route";
import { counted, cut, duration, grouped, percent, period } from "../text/format";
import { CHANGES } from "../text/words";
import { Choice, pair } from "./filters";

const EVERY_MS = 15_000;
const ROWS = 50;
/** Characters of sentences and of names in the list. */
const TITLE = 180;
const NAME = 60;
const ASKED = ["a", "b", "service", "detector", "change", "cursor"];
/** What is shown when nobody asks for more. */
const USUAL: Change[] = ["appeared", "grew", "shrank", "gone"];

export function Changes({ query }: { query: URLSearchParams }) {
  const asked = new URLSearchParams([...query].filter(([name]) => ASKED.includes(name)));
  asked.set("limit", String(ROWS));
  const { data, refusal, again } = useLive<Comparison>(`compare?${asked}`, EVERY_MS);
  return (
    <>
      <Filters counts={data?.counts} versions={(query.get("a") ?? "").startsWith("version:")} />
      {refusal && <Refused refusal={refusal} again={again} />}
      {!data && !refusal && <Waiting what="the comparison" />}
      {data && (
        <>
          <CoverageStrip of={data.coverage} />
          <Facts of={[sideFact("First", data.a), sideFact("Second", data.b)]} />
          {data.total === 0 ? <Nothing of={data} /> : <Rows of={data} />}
        </>
      )}
      <nav class="pager" aria-label="Pages of the list">
        {query.has("cursor") && <a href={withQuery({ cursor: "" })}>First page</a>}
        {data?.next_cursor && <a href={withQuery({ cursor: data.next_cursor })}>Next {ROWS}</a>}
      </nav>
    </>
  );
}

function sideFact(name: string, of: Side) {
  if (of.version) return { name, value: `Version ${of.version}`, wide: true };
  const window_ = of.from && of.until ? period(of.from, of.until) : "";
  return { name, value: counted(of.traces ?? 0, "trace"), note: window_, wide: true };
}

/** How many hotspots there are of each change, each count to show or hide them; of one service is chosen with its versions. */
function Filters({ counts, versions }: { counts: Comparison["counts"] | undefined; versions: boolean }) {
  const services = useLive<ServiceList>("services?limit=1000", 60_000).data?.services ?? [];
  const detectors = useLive<DetectorList>("detectors", 0).data?.detectors ?? [];
  const shown = wanted();
  const toggle = (one: Change) => {
    const next = shown.includes(one) ? shown.filter((other) => other !== one) : [...shown, one];
    const usual = next.length === USUAL.length && USUAL.every((other) => next.includes(other));
    go(withQuery({ change: usual ? "" : next, cursor: "" }));
  };
  return (
    <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <fieldset>
        <legend>Change</legend>
        {(Object.keys(CHANGES) as Change[]).map((one) => (
          <button key={one} type="button" aria-pressed={shown.includes(one)} onClick={() => toggle(one)}>
            <ChangeMark of={one} /> {counts && <b>{grouped(counts[one])}</b>}
          </button>
        ))}
      </fieldset>
      {!versions && <Choice name="service" title="Service" values={[["", "all"], ...services.map(({ service }) => pair(service))]} search />}
      <Choice name="detector" title="Detector" values={[["", "all"], ...detectors.map(({ detector }) => pair(detector)).sort()]} />
    </form>
  );
}

function wanted(): string[] {
  const asked = route.value.query.getAll("change");
  return asked.length > 0 ? asked : USUAL;
}

/** No row: which side is empty, or that nothing changed, and what to do. */
function Nothing({ of }: { of: Comparison }) {
  const empty = [of.a, of.b].flatMap(({ traces }, at) => (traces === 0 ? (at === 0 ? "first" : "second") : []));
  const hidden = (Object.keys(CHANGES) as Change[]).filter((one) => of.counts[one] > 0 && !wanted().includes(one));
  return (
    <Banner tone={empty.length > 0 ? "warn" : "hint"}>
      <p>
        {empty.length > 0
          ? `No trace was analysed on the ${empty.join(" and on the ")} side, so nothing can be said of it. Choose another above.`
          : hidden.length > 0
            ? "No hotspot is of these changes."
            : "No hotspot of these filters is on either side."}{" "}
        {hidden.length > 0 && (
          <a href={withQuery({ change: hidden, cursor: "" })}>Show the others: {hidden.map((one) => `${grouped(of.counts[one])} ${CHANGES[one].name}`).join(", ")}</a>
        )}
      </p>
    </Banner>
  );
}

function Rows({ of }: { of: Comparison }) {
  return (
    <Table
      caption="Hotspots by what became of them"
      rows={of.changes}
      by={(row) => row.hotspot_id}
      columns={[
        { head: "Change", title: "Cost a trace on the second side over that on the first", cell: (row) => <ChangeMark of={row.change} ratio={row.ratio} /> },
        { head: "Hotspot", cell: (row) => <What of={row} />, what: true },
        { head: "First", cell: (row) => <Share of={row.a} />, number: true },
        { head: "Second", cell: (row) => <Share of={row.b} />, number: true },
      ]}
    />
  );
}

function What({ of }: { of: HotspotChange }) {
  return (
    <>
      <BreakMark of={of.break} />{" "}
      <a href={to("hotspots", of.hotspot_id)} data-row title={of.title.length > TITLE ? of.title : undefined}>
        {cut(of.title, TITLE)}
      </a>
      <small class="faint">
        {cut(of.service, NAME)} · {cut(of.operation, NAME)}
      </small>
    </>
  );
}

function Share({ of }: { of: Measure }) {
  if (of.of_traces === 0) return <>no trace</>;
  return (
    <>
      {grouped(of.traces)} of {counted(of.of_traces, "trace")}, {percent(of.traces / of.of_traces)}
      {of.traces > 0 && typeof of.critical_path_ns === "number" && <small>{duration(of.critical_path_ns)} of critical path</small>}
    </>
  );
}
