// Other companies that the system calls: what they cost and who depends on them.
import { useLive } from "../api/live";
import type { Hotspot, HotspotList, ThirdPartyList } from "../api/types";
import { CoverageStrip } from "../parts/coverage";
import { Table } from "../parts/facts";
import { Head } from "../parts/head";
import { Banner, Refused, Waiting } from "../parts/talk";
import { to } from "../route";
import { duration, grouped, percent } from "../text/format";
import { plain } from "../text/words";

const EVERY_MS = 15_000;

export function ThirdParties() {
  const { data, refusal, again } = useLive<ThirdPartyList>("third-parties?limit=1000", EVERY_MS);
  const hotspots = useLive<HotspotList>("hotspots?limit=1000&detector=third-party-on-critical-path", EVERY_MS).data?.hotspots ?? [];
  const rows = [...(data?.third_parties ?? [])].sort((a, b) => b.critical_path_share - a.critical_path_share);
  const waited = rows.filter(({ on_critical_path }) => on_critical_path).length;
  return (
    <main>
      <Head title="Third parties" />
      {refusal && <Refused refusal={refusal} again={again} />}
      {!data && !refusal && <Waiting what="the third parties" />}
      {data && <CoverageStrip of={data.coverage} />}
      {data && rows.length === 0 && (
        <Banner>
          <p>
            No call to another company was seen. Calls count as such by their domain; those to hosts without one are on the{" "}
            <a href={to("services")}>map of services</a>.
          </p>
        </Banner>
      )}
      {rows.length > 0 && (
        <>
          <p>
            {waited === 0 ? "No request waits for any of them." : `Requests wait for ${waited} of ${rows.length}.`}
          </p>
          <Table
            caption="Third parties by share of critical path"
            rows={rows}
            by={(row) => row.domain}
            columns={[
              {
                head: "Domain",
                cell: (row) => (
                  <>
                    <b>{row.domain}</b>
                    {row.vendor && <small>{[row.vendor, row.category].filter(Boolean).join(", ")}</small>}
                  </>
                ),
              },
              { head: "Share of waiting", cell: (row) => (row.on_critical_path ? percent(row.critical_path_share) : "nobody waits"), number: true },
              { head: "Waited a request", title: "Median of the longest wait in a trace", cell: (row) => (row.on_critical_path ? duration(row.critical_path_in_trace_ns.p50) : "–"), number: true },
              { head: "95 %", cell: (row) => (row.on_critical_path ? duration(row.critical_path_in_trace_ns.p95) : "–"), number: true },
              { head: "Calls", cell: (row) => grouped(row.calls), number: true },
              { head: "Failed", cell: (row) => percent(row.calls > 0 ? row.failed / row.calls : 0), number: true },
              { head: "Who depends", cell: (row) => <Services of={row.services} /> },
              { head: "Hotspot", cell: (row) => <Spots of={hotspots.filter(({ callee }) => `.${callee.peer}`.endsWith(`.${row.domain}`))} /> },
              { head: "Why it counts", cell: (row) => `${plain(row.reason)}, ${percent(row.certainty)} sure` },
            ]}
          />
        </>
      )}
    </main>
  );
}

function Services({ of }: { of: string[] }) {
  return (
    <>
      {of.map((service, at) => (
        <span key={service}>
          {at > 0 && ", "}
          <a href={to("services", "", { service })}>{service}</a>
        </span>
      ))}
    </>
  );
}

function Spots({ of }: { of: Hotspot[] }) {
  if (of.length === 0) return <>–</>;
  return (
    <>
      {of.map(({ id, rank }, at) => (
        <span key={id}>
          {at > 0 && ", "}
          <a href={to("hotspots", id)} data-row>
            #{rank}
          </a>
        </span>
      ))}
    </>
  );
}
