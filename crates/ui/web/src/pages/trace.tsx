// One trace: what it waited for, and what the detectors say of it.
import { useEffect, useMemo } from "preact/hooks";

import { useLive } from "../api/live";
import type { Trace as TraceShape } from "../api/types";
import { Facts } from "../parts/facts";
import { Links } from "../parts/links";
import { Refused, Waiting } from "../parts/talk";
import { route, to } from "../route";
import { clock, counted, duration, percent } from "../text/format";
import { plain } from "../text/words";
import { TraceView } from "../waterfall/traceview";

export function Trace() {
  const { id, query } = route.value;
  const { data, refusal, again } = useLive<TraceShape>(`traces/${encodeURIComponent(id)}`, 0);
  const root = data?.spans[0];
  const title = root ? `${root.operation} of ${root.service}` : `Trace ${id}`;
  useEffect(() => {
    document.title = `${title} · Hotspan`;
  }, [title]);
  const wanted = query.get("hotspot");
  const members = useMemo(() => {
    const own = data?.findings.filter(({ hotspot_id }) => wanted === null || hotspot_id === wanted) ?? [];
    return new Set(own.flatMap(({ span_ids }) => span_ids));
  }, [data, wanted]);
  return (
    <main>
      <h1>{title}</h1>
      {refusal && !data && (
        <Refused
          refusal={refusal}
          again={again}
          missing={
            <p>
              No trace of this id is held. Hotspan keeps the exemplars of hotspots and what it has not judged yet; look for{" "}
              <code>{id}</code> in your trace store, or at <a href={to("traces")}>the traces that are held</a>.
            </p>
          }
        />
      )}
      {!data && !refusal && <Waiting what="the trace" />}
      {data && (
        <>
          <Facts
            of={[
              { name: "Took", value: duration(data.duration_ns), note: root ? `at ${clock(root.start)}` : undefined },
              { name: "Spans", value: String(data.span_count), note: counted(new Set(data.spans.map(({ service }) => service)).size, "service") },
              { name: "Trace", value: <code>{data.trace_id}</code>, note: `decided as ${plain(data.reason)}, version ${data.version}`, wide: true },
            ]}
          />
          <Findings of={data} />
          <h2>Waterfall</h2>
          <TraceView trace={data} members={members} />
          <NearMisses of={data} />
          <p class="actions">
            <a href={`${to("")}api/v1/traces/${data.trace_id}`} target="_blank">
              This trace as JSON
            </a>
            <a href={to("compare", "", { a: data.trace_id })}>Compare with another trace</a>
            <Links of={data} />
          </p>
        </>
      )}
    </main>
  );
}

function Findings({ of }: { of: TraceShape }) {
  if (of.findings.length === 0) return <p>No detector has anything to say about this trace.</p>;
  return (
    <>
      <h2>{counted(of.findings.length, "finding")}</h2>
      <ul class="rows">
        {of.findings.map((finding) => (
          <li key={finding.id}>
            <a href={to("hotspots", finding.hotspot_id)} data-row>
              {plain(finding.detector)}
            </a>{" "}
            in <b>{finding.service}</b>, {finding.operation}: {counted(finding.calls, "call")}
            {finding.saving_ns.likely > 0 && `, would save ${duration(finding.saving_ns.likely)}`}; {percent(finding.confidence)} sure
            <span class="faint"> ({finding.confidence_why.join("; ")})</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function NearMisses({ of }: { of: TraceShape }) {
  if (of.near_misses.length === 0) return null;
  return (
    <>
      <h2>{counted(of.near_misses.length, "near miss", "near misses")}</h2>
      <ul class="rows">
        {of.near_misses.map((miss, at) => (
          <li key={at}>
            {plain(miss.detector)} in <b>{miss.service}</b>, {miss.operation}: stopped by {plain(miss.reason)}
            {miss.template !== "" && (
              <>
                {" "}
                on <code>{miss.template}</code>
              </>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
