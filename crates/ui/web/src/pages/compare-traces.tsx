// Two traces side by side: which calls differ, and what only one of them shows.
import { useState } from "preact/hooks";

import { useLive } from "../api/live";
import type { CallChange, CallSum, FindingChange, TraceComparison, TraceSide } from "../api/types";
import { Facts, Table } from "../parts/facts";
import { ChangeMark } from "../parts/marks";
import { Banner, Refused, Waiting } from "../parts/talk";
import { to } from "../route";
import { counted, cut, duration, grouped } from "../text/format";
import { plain } from "../text/words";

/** Characters of an operation or a template. */
const NAME = 120;

export function TracePair({ a, b }: { a: string; b: string }) {
  const { data, refusal, again } = useLive<TraceComparison>(`compare/traces?${new URLSearchParams({ a, b })}`, 0);
  if (!data) return refusal ? <Refused refusal={refusal} again={again} /> : <Waiting what="both traces" />;
  return (
    <>
      <Facts of={[sideFact("First", data.a), sideFact("Second", data.b)]} />
      {data.truncated && (
        <Banner tone="warn">
          <p>The traces are too large to compare whole: spans, calls or findings were left out.</p>
        </Banner>
      )}
      <Calls of={data.calls} />
      <Findings of={data.findings} />
    </>
  );
}

function sideFact(name: string, of: TraceSide) {
  const missing = of.incomplete ? "; spans are missing" : "";
  return {
    name,
    value: <a href={to("traces", of.trace_id)}>{duration(of.duration_ns)}</a>,
    note: `${cut(of.operation, NAME)} of ${cut(of.service, NAME)}, ${counted(of.span_count, "span")}${missing}`,
    wide: true,
  };
}

function Calls({ of }: { of: CallChange[] }) {
  const [all, showAll] = useState(false);
  const differing = of.filter(({ change }) => change !== "same");
  const shown = all ? of : differing;
  const same = of.length - differing.length;
  return (
    <>
      <h2>{counted(differing.length, "kind of call differs", "kinds of calls differ")}</h2>
      {shown.length > 0 && (
        <Table
          caption="Calls by how much their critical-path time changed"
          rows={shown}
          by={(row) => JSON.stringify([row.service, row.operation, row.template, row.class])}
          columns={[
            { head: "Change", cell: (row) => <ChangeMark of={row.change} /> },
            { head: "Call", cell: (row) => <Call of={row} />, what: true },
            { head: "First", cell: (row) => <Sum of={row.a} />, number: true },
            { head: "Second", cell: (row) => <Sum of={row.b} />, number: true },
          ]}
        />
      )}
      {same > 0 && (
        <button type="button" aria-pressed={all} onClick={() => showAll(!all)}>
          Show {grouped(same)} that {same === 1 ? "is" : "are"} the same
        </button>
      )}
    </>
  );
}

function Call({ of }: { of: CallChange }) {
  return (
    <>
      <b>{cut(of.service, NAME)}</b> {cut(of.operation, NAME)}
      {of.template !== "" && of.template !== of.operation && (
        <small class="faint">
          <code>{cut(of.template, NAME)}</code>
        </small>
      )}
    </>
  );
}

function Sum({ of }: { of: CallSum }) {
  if (of.count === 0) return <>none</>;
  return (
    <>
      {counted(of.count, "span")}, {duration(of.duration_ns)}
      <small>
        {duration(of.critical_path_ns)} on the critical path{of.failed > 0 && `, ${grouped(of.failed)} failed`}
      </small>
    </>
  );
}

function Findings({ of }: { of: FindingChange[] }) {
  const groups: [string, FindingChange[]][] = [
    ["Found in the second only", of.filter(({ calls_a }) => calls_a === 0)],
    ["Found in the first only", of.filter(({ calls_b }) => calls_b === 0)],
    ["Found in both", of.filter(({ calls_a, calls_b }) => calls_a > 0 && calls_b > 0)],
  ];
  if (of.length === 0) return <p>No detector has anything to say about either trace.</p>;
  return (
    <>
      {groups.map(
        ([title, rows]) =>
          rows.length > 0 && (
            <section key={title}>
              <h2>{title}</h2>
              <ul class="rows">
                {rows.map((row) => (
                  <li key={row.hotspot_id + row.detector}>
                    <a href={to("hotspots", row.hotspot_id)} data-row>
                      {plain(row.detector)}
                    </a>{" "}
                    in <b>{row.service}</b>: {said(row)}
                  </li>
                ))}
              </ul>
            </section>
          ),
      )}
    </>
  );
}

/** What each side that has it shows. */
function said({ calls_a, calls_b, saving_a_ns, saving_b_ns }: FindingChange): string {
  const one = (calls: number, ns: number) => `${counted(calls, "call")}${ns > 0 ? `, would save ${duration(ns)}` : ""}`;
  const sides = [calls_a > 0 ? one(calls_a, saving_a_ns) : "", calls_b > 0 ? one(calls_b, saving_b_ns) : ""];
  return sides.filter((side) => side !== "").join("; then ");
}
