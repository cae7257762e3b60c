// What cannot be seen, and why: what arrived, what became of it, and what would have to be sent.
import type { ComponentChildren } from "preact";

import { useLive } from "../api/live";
import type { Audit, Coverage, NearMissList, Status } from "../api/types";
import { blindness, lost } from "../parts/coverage";
import { Facts, Table } from "../parts/facts";
import { Head } from "../parts/head";
import { Banner, Refused, Waiting } from "../parts/talk";
import { to } from "../route";
import { bytes, clock, counted, digits, duration, grouped, percent } from "../text/format";
import { plain } from "../text/words";
import { Nearest, Remedies } from "./near";
import { Senders } from "./senders";
import { Store } from "./store";

const EVERY_MS = 5_000;

export function Ingest() {
  const status = useLive<Status>("status", EVERY_MS);
  const audit = useLive<Audit>("audit", 15_000);
  const near = useLive<NearMissList>("near-misses?limit=1000", 60_000).data;
  const of = audit.data?.coverage;
  const refused = status.refusal ?? audit.refusal;
  return (
    <main>
      <Head title="Ingest health">
        <p class="kicker">What cannot be seen, and why</p>
      </Head>
      {refused && <Refused refusal={refused} again={status.again} />}
      {!of && !refused && <Waiting what="the coverage" />}
      {of && <Verdict of={of} unseen={new Set(near?.near_misses.flatMap(({ remedy }) => remedy?.attribute ?? [])).size} />}
      {of && status.data && <Flow of={of} status={status.data} />}
      {of && <Blind of={of} />}
      <Senders />
      {near && <Remedies of={near.near_misses} />}
      {of && <Doubts of={of} />}
      {near && <Nearest of={near.near_misses} />}
      {status.data && <Process of={status.data} />}
      {status.data && <Store of={status.data.storage} />}
      {audit.data && audit.data.not_seen.length > 0 && (
        <Part title="Never seen here">
          <ul class="rows">
            {audit.data.not_seen.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </Part>
      )}
    </main>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Verdict({ of, unseen }: { of: Coverage; unseen: number }) {
  const blind = blindness(of);
  if (of.spans.received === 0) {
    return (
      <Banner>
        <p>
          No span has arrived yet. <a href={to("")}>How to point a service at Hotspan</a>
        </p>
      </Banner>
    );
  }
  return blind.length === 0 ? (
    <Banner tone="good">
      <p>
        All that arrived was judged: {counted(of.traces.analysed, "trace")}, {percent(of.complete_share)} of them complete
        {of.last && `, the last at ${clock(of.last)}`}.{" "}
        {unseen > 0 && `Some rules see nothing for want of ${counted(unseen, "attribute")}, below.`}
      </p>
    </Banner>
  ) : (
    <Banner tone="warn">
      <p>Faults may go unseen: {blind.join("; ")}.</p>
    </Banner>
  );
}

function Flow({ of, status }: { of: Coverage; status: Status }) {
  const { received, analysed, open, dropped } = status.spans;
  const reasons = filled(dropped);
  return (
    <Part title="What became of it">
      <Facts
        of={[
          { name: "Spans received", value: grouped(received), note: `since ${clock(status.started)}` },
          { name: "Analysed", value: grouped(analysed), note: received > 0 ? percent(analysed / received) : undefined },
          { name: "Open", value: grouped(open), note: `in ${counted(status.traces_open, "trace")} not yet judged` },
          { name: "Dropped", value: grouped(reasons.reduce((sum, [, number]) => sum + number, 0)), note: lost(dropped) > 0 ? list(reasons) : "nothing is missing" },
          { name: "Late", value: grouped(status.late_spans), note: "came after their trace was judged, and changed it" },
          { name: "Complete traces", value: percent(of.complete_share), note: `${grouped(of.traces.incomplete)} incomplete` },
          { name: "Sampling", value: of.sampling_weight > 1 ? `1 in ${digits(of.sampling_weight)}` : "none", note: `${grouped(of.traces.weighted)} requests stand behind the traces` },
          { name: "Judged as", value: list(filled(of.traces.decided).slice(0, 2)) || "–", wide: true },
        ]}
      />
    </Part>
  );
}

function Blind({ of }: { of: Coverage }) {
  if (of.services.length === 0) return null;
  return (
    <Part title="Services that cannot be judged in full">
      <Table
        caption="Blind services"
        rows={of.services}
        by={(row) => row.service}
        columns={[
          { head: "Service", cell: (row) => <a href={to("services", "", { service: row.service })}>{row.service}</a> },
          { head: "Spans", cell: (row) => grouped(row.spans), number: true },
          { head: "Orphans", title: "Spans whose parent never arrived", cell: (row) => grouped(row.orphan_spans), number: true },
          { head: "Share", cell: (row) => percent(row.spans > 0 ? row.orphan_spans / row.spans : 0), number: true },
          { head: "Why", cell: (row) => row.why.join("; ") || "parents of its spans never arrived: look at the propagation of its callers" },
        ]}
      />
    </Part>
  );
}

const LEFT_OUT: [keyof Coverage["left_out"], string][] = [
  ["below_gate", "faults seen too seldom to be listed"],
  ["internal_after_all", "faults whose callee turned out to be internal"],
  ["ignored", "findings that the code accepts with hotspan.ignore"],
  ["muted", "hotspots that a person muted"],
  ["sightings_beyond", "sightings of faults beyond the bound"],
  ["rows_beyond", "rows of services, edges and operations beyond their bounds"],
];

function Doubts({ of }: { of: Coverage }) {
  const defects = filled(of.defects);
  const left = LEFT_OUT.filter(([name]) => of.left_out[name] > 0);
  return (
    <div class="two">
      <Part title="Defects of traces">
        {defects.length === 0 && <p class="faint">None was found.</p>}
        <Counts of={defects.map(([kind, number]) => [plain(kind), number])} />
      </Part>
      <Part title="Seen, and in no list">
        {left.length === 0 && <p class="faint">Nothing.</p>}
        <Counts of={left.map(([name, says]) => [says, of.left_out[name]])} />
      </Part>
    </div>
  );
}

function Process({ of }: { of: Status }) {
  const refused = of.requests.flatMap(({ transport, refused: all }) => all.map((one): [string, number] => [`${transport}: ${plain(one.reason)}`, one.requests]));
  const tolerated = filled(of.tolerated).map(([kind, number]): [string, number] => [plain(kind), number]);
  const other = Object.entries(of.other_signal_bytes).filter(([, number]) => number > 0);
  return (
    <>
      <div class="two">
        <Part title="Requests">
          <Counts of={of.requests.map(({ transport, accepted }) => [`${transport}: accepted`, accepted])} />
          {refused.length === 0 ? <p class="faint">None was refused.</p> : <Counts of={refused} />}
          {other.length > 0 && <p class="faint">Accepted and not used: {other.map(([name, number]) => `${bytes(number)} of ${name}`).join(", ")}.</p>}
        </Part>
        <Part title="Read although it was not as it should be">
          {tolerated.length === 0 && <p class="faint">Everything was well-formed.</p>}
          <Counts of={tolerated} />
        </Part>
      </div>
      <Part title="Memory">
        <div class="narrow">
          <Table
            caption="Memory by part"
            rows={of.memory}
            by={(row) => row.part}
            columns={[
              { head: "Part", cell: (row) => plain(row.part) },
              { head: "Used", cell: (row) => bytes(row.used), number: true },
              { head: "At most", cell: (row) => bytes(row.max), number: true },
              { head: "Full", cell: (row) => percent(row.max > 0 ? row.used / row.max : 0), number: true },
            ]}
          />
        </div>
        <p class="faint">
          {of.tenant && `What belongs to the tenant ${of.tenant}. `}Up for {duration(of.uptime_s * 1e9)}, version {of.version}, snapshot {grouped(of.snapshot)}; listening on{" "}
          {of.listeners.map(({ name, address }) => `${plain(name)} ${address}`).join(", ")}.
        </p>
      </Part>
    </>
  );
}

function Counts({ of }: { of: [string, number][] }) {
  return (
    <dl class="pairs counts">
      {of.map(([name, number]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{grouped(number)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What is not zero, most first. */
function filled(of: Record<string, number>): [string, number][] {
  return Object.entries(of)
    .filter(([, number]) => number > 0)
    .sort((a, b) => b[1] - a[1]);
}

function list(of: [string, number][]): string {
  return of.map(([name, number]) => `${plain(name)} ${grouped(number)}`).join(", ");
}
