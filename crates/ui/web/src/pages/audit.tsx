// The system on one page: what to change first, and what stands behind it. Made to be printed.
import { useLive } from "../api/live";
import type { Audit as AuditShape, Bottleneck, Break, HotspotList, Intervention, QueryPattern, Said } from "../api/types";
import { CategoryBar, CategoryLegend, inWords, total } from "../parts/categories";
import { CoverageStrip } from "../parts/coverage";
import { Empty } from "../parts/empty";
import { Table } from "../parts/facts";
import { Head } from "../parts/head";
import { BreakMark } from "../parts/marks";
import { Refused, Waiting } from "../parts/talk";
import { root, to } from "../route";
import { counted, digits, effort, grouped, percent, perHour } from "../text/format";
import { BREAKS } from "../text/words";

const EVERY_MS = 30_000;
/** Hotspots of one break that are named. */
const OF_BREAK = 12;

export function Audit() {
  const { data, refusal, again } = useLive<AuditShape>("audit", EVERY_MS);
  return (
    <main>
      <Head title="Audit">
        <p class="actions">
          As one file to pass on: <a href={`${root}api/v1/audit?format=html`} target="_blank">HTML</a>{" "}
          <a href={`${root}api/v1/audit?format=md`} target="_blank">Markdown</a> <a href={`${root}api/v1/audit`} target="_blank">JSON</a>
        </p>
      </Head>
      {refusal && <Refused refusal={refusal} again={again} />}
      {!data && !refusal && <Waiting what="the audit" />}
      {data && <Found of={data} />}
    </main>
  );
}

function Found({ of }: { of: AuditShape }) {
  const breaks = new Map(Object.entries(of.breaks).flatMap(([name, ids]) => ids.map((id) => [id, name])));
  return (
    <>
      <CoverageStrip of={of.coverage} />
      <h2>Make these changes first</h2>
      {of.interventions.length === 0 && <Empty coverage={of.coverage} filtered={false} />}
      <ol class="changes">
        {of.interventions.map((change, at) => (
          <Change key={change.change} of={change} all={of.interventions} at={at} breaks={breaks} />
        ))}
      </ol>
      {of.later > 0 && (
        <p>
          {counted(of.later, "more change")} {of.later === 1 ? "comes" : "come"} after them, below.
        </p>
      )}
      <h2>By break</h2>
      <div class="two">
        {(Object.keys(BREAKS) as Break[]).map((one) => (
          <OfBreak key={one} of={one} number={of.breaks[one]?.length ?? 0} />
        ))}
      </div>
      <h2>Query patterns</h2>
      <Patterns of={of.query_patterns} />
      <h2>Bottlenecks</h2>
      <p>Where critical paths spend their time: what a request waits for, not what keeps machines busy.</p>
      <CategoryLegend />
      <Bottlenecks of={of.bottlenecks} />
      <h2>Coupling</h2>
      <Sayings of={of.coupling} />
      <p>
        <a href={to("services")}>The map of services</a>
      </p>
      <h2>What could not be seen</h2>
      <ul class="rows">
        {gaps(of.observability_gaps).map(({ services, gap }, at) => (
          <li key={at}>
            <b>{services.join(", ")}</b>: {gap.what}. <span class="faint">It hides {gap.hides}.</span>{" "}
            {gap.hotspot && <a href={to("hotspots", gap.hotspot)}>hotspot</a>}
          </li>
        ))}
        {of.not_seen.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </>
  );
}

/** Gaps that say the same of several services, once. */
function gaps(of: AuditShape["observability_gaps"]): { services: string[]; gap: AuditShape["observability_gaps"][number] }[] {
  const same = new Map<string, { services: string[]; gap: AuditShape["observability_gaps"][number] }>();
  for (const gap of of) {
    const key = [gap.what, gap.hides, gap.hotspot ?? ""].join("\u0000");
    const row = same.get(key) ?? { services: [], gap };
    row.services.push(gap.service);
    same.set(key, row);
  }
  return [...same.values()];
}

interface ChangeProps {
  of: Intervention;
  all: Intervention[];
  at: number;
  /** The break of each hotspot. */
  breaks: Map<string, string>;
}

function Change({ of, all, at, breaks }: ChangeProps) {
  const first = of.hotspots[0] ?? of.change;
  const kind = breaks.get(first) ?? "";
  const named = (id: string) => {
    const place = all.findIndex(({ change }) => change === id);
    return place < 0 ? `hotspot ${id.slice(0, 8)}` : `change ${place + 1}`;
  };
  return (
    <li class={`first-fix ${kind}`}>
      <h3>
        {at + 1}. <a href={to("hotspots", first)}>{of.title}</a>
      </h3>
      <p class="advice">
        In <b>{of.service}</b>: {of.fix.summary}.
      </p>
      {of.fix.how !== "" && <p>{of.fix.how}</p>}
      <p class="faint">
        {gain(of)}; about {effort(of.effort_weeks)} of work; {percent(of.confidence)} sure; priority {digits(of.priority)}.
        {of.hotspots.length > 1 && ` Settles ${of.hotspots.length} hotspots with one fix.`}
        {of.depends_on.length > 0 && ` After ${of.depends_on.map(named).join(", ")}.`}
        {of.overlaps.length > 0 && ` Overlaps with ${of.overlaps.map(named).join(", ")}.`}
      </p>
    </li>
  );
}

function gain(of: Intervention): string {
  const own = perHour(of.impact_s_per_hour);
  if (of.impact_basis === "exposure") return `${own} an hour by convention (2 % of what lies open), no saving`;
  const left = of.marginal_impact_s_per_hour;
  if (left === of.impact_s_per_hour) return `saves ${own} of waiting an hour`;
  const after = typeof left === "number" ? perHour(left) : `at least ${perHour(of.marginal_at_least_s_per_hour)}`;
  return `saves ${own} of waiting an hour alone, ${after} after the changes above`;
}

function OfBreak({ of, number }: { of: Break; number: number }) {
  const shown = useLive<HotspotList>(`hotspots?break=${of}&limit=${OF_BREAK}`, EVERY_MS).data?.hotspots ?? [];
  return (
    <section>
      <h3>
        <BreakMark of={of} /> {BREAKS[of].title} ({number})
      </h3>
      {number === 0 && <p class="faint">Nothing listed.</p>}
      <ul class="rows">
        {shown.map((one) => (
          <li key={one.id}>
            <a href={to("hotspots", one.id)} data-row>
              {one.title}
            </a>{" "}
            <span class="faint">
              {one.service}, {perHour(one.impact_s_per_hour)} an hour{one.impact_basis === "exposure" ? " lies open" : ""}
            </span>
          </li>
        ))}
      </ul>
      {number > OF_BREAK && <a href={to("", "", { break: of })}>All {number}</a>}
    </section>
  );
}

export function Patterns({ of }: { of: QueryPattern[] }) {
  if (of.length === 0) return <p>No statement or cache command was seen.</p>;
  return (
    <Table
      caption="Statements and cache commands that requests wait for most"
      rows={of}
      by={(row) => `${row.class} ${row.system} ${row.template}`}
      columns={[
        { head: "Template", cell: (row) => <code>{row.template}</code> },
        { head: "System", cell: (row) => row.system },
        { head: "Calls", cell: (row) => grouped(row.calls), number: true },
        { head: "Waited an hour", cell: (row) => perHour(row.critical_path_s_per_hour), number: true },
        { head: "Share", cell: (row) => percent(row.share), number: true },
        { head: "Caused by", cell: (row) => <Causes of={row} /> },
      ]}
    />
  );
}

function Causes({ of }: { of: QueryPattern }) {
  return (
    <>
      {of.operations.map((cause, at) => (
        <span key={at}>
          {at > 0 && ", "}
          <a href={to("operation", "", { service: cause.service, name: cause.operation })}>
            {cause.service} {cause.operation}
          </a>{" "}
          ({perHour(cause.critical_path_s_per_hour)})
        </span>
      ))}
      {of.more_operations > 0 && `, and ${of.more_operations} more`}
    </>
  );
}

function Bottlenecks({ of }: { of: Bottleneck[] }) {
  const shown = of.filter((row) => total(row.critical_path_ns) > 0);
  const scopes: [string, string][] = [
    ["system", "The system"],
    ["service", "Services"],
    ["operation", "Operations"],
  ];
  return (
    <>
      {scopes.map(([scope, title]) => {
        const rows = shown.filter((row) => row.scope === scope);
        const most = Math.max(1, ...rows.map((row) => total(row.critical_path_ns)));
        if (rows.length === 0) return null;
        return (
          <section key={scope}>
            <h3>{title}</h3>
            <Table
              caption={`Critical-path time: ${title}`}
              rows={rows}
              by={(row) => `${row.service} ${row.operation}`}
              columns={[
                { head: "Where", cell: name },
                { head: "Share", cell: (row) => percent(row.share), number: true },
                { head: "By category", cell: (row) => <CategoryBar path={row.critical_path_ns} most={most} /> },
                { head: "In words", cell: (row) => inWords(row.critical_path_ns) },
              ]}
            />
          </section>
        );
      })}
    </>
  );
}

function name({ service, operation }: Bottleneck) {
  if (!service) return "all services";
  if (!operation) return <a href={to("", "", { service })}>{service}</a>;
  return (
    <a href={to("operation", "", { service, name: operation })}>
      {service} {operation}
    </a>
  );
}

/** Chatty pairs, shared tables, cycles and seams, each by its sentence. */
export function Sayings({ of }: { of: AuditShape["coupling"] }) {
  const parts: [string, Said[], string][] = [
    ["Cycles", of.cycles, "No services that call each other in circles were seen."],
    ["Shared tables and databases", of.shared_tables, "No table or database of several services was seen."],
    ["Chatty pairs", of.chatty_pairs, "No pair of services talks so much that they cannot work apart."],
    ["Seams", of.seams, "Nothing says yet where a seam could run; that takes many traces."],
  ];
  return (
    <div class="two">
      {parts.map(([title, sayings, none]) => (
        <section key={title}>
          <h3>{title}</h3>
          {sayings.length === 0 && <p class="faint">{none}</p>}
          <ul class="rows">
            {sayings.map((said) => (
              <li key={said.hotspot}>
                <a href={to("hotspots", said.hotspot)} data-row>
                  {said.title}
                </a>{" "}
                <span class="faint">{said.fix.summary}</span>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}
