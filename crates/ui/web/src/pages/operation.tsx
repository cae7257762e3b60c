// One operation: how long it takes, where its requests wait, what was found in it.
import { useLive } from "../api/live";
import type { Audit, HotspotList, NearMissList, Operation as OperationShape, OperationList } from "../api/types";
import { CoverageStrip } from "../parts/coverage";
import { Facts } from "../parts/facts";
import { Head } from "../parts/head";
import { BreakMark } from "../parts/marks";
import { Banner, Refused, Waiting } from "../parts/talk";
import { route, to } from "../route";
import { counted, digits, duration, grouped, percent, perHour } from "../text/format";
import { Patterns } from "./audit";
import { Flames } from "./flames";
import { Histogram } from "./histogram";
import { Nearest } from "./near";
import { Path } from "./path";

const EVERY_MS = 15_000;

export function Operation() {
  const query = route.value.query;
  const [service, name] = [query.get("service") ?? "", query.get("name") ?? ""];
  const of = encodeURIComponent(service);
  const { data, refusal, again } = useLive<OperationList>(`operations?limit=1000&service=${of}`, EVERY_MS);
  const found = data?.operations.find((row) => row.service === service && row.operation === name);
  const all = useLive<HotspotList>(`hotspots?limit=1000&service=${of}`, EVERY_MS).data?.hotspots ?? [];
  const hotspots = all.filter((row) => row.operation === name || row.entry === name);
  const audit = useLive<Audit>("audit", 60_000).data;
  const near = useLive<NearMissList>(`near-misses?limit=1000&service=${of}&entry=${encodeURIComponent(name)}`, 60_000).data;
  const patterns = audit?.query_patterns.filter(({ operations }) => operations.some((one) => one.service === service && one.operation === name)) ?? [];
  return (
    <main>
      <p class="kicker">
        Operation of <a href={to("services", "", { service })}>{service}</a>
      </p>
      <Head title={name} />
      {refusal && !data && <Refused refusal={refusal} again={again} />}
      {!data && !refusal && <Waiting what="the operation" />}
      {data && <CoverageStrip of={data.coverage} />}
      {data && !found && (
        <Banner>
          <p>
            No request of this operation was judged{data.truncated ? ", or it is beyond the first of them" : ""}.{" "}
            <a href={to("services", "", { service })}>See the operations of {service}</a>
          </p>
        </Banner>
      )}
      {found && data && <Found of={found} whole={data.coverage.sampling_weight === 1} />}
      <Flames hotspots={hotspots} service={service} operation={name} />
      <h2>Hotspots</h2>
      {hotspots.length === 0 && <p>No hotspot is listed on it.</p>}
      <ul class="rows">
        {hotspots.map((row) => (
          <li key={row.id}>
            <BreakMark of={row.break} />{" "}
            <a href={to("hotspots", row.id)} data-row>
              {row.title}
            </a>{" "}
            <span class="faint">
              {perHour(row.impact_s_per_hour)} an hour{row.impact_basis === "exposure" ? " lies open" : ""}
            </span>
          </li>
        ))}
      </ul>
      {patterns.length > 0 && (
        <>
          <h2>Its statements among the dearest of the system</h2>
          <Patterns of={patterns} />
        </>
      )}
      {near && <Nearest of={near.near_misses} />}
    </main>
  );
}

function Found({ of, whole }: { of: OperationShape; whole: boolean }) {
  return (
    <>
      <Facts
        of={[
          { name: "Median", value: duration(of.latency_ns.p50) },
          { name: "95 % within", value: duration(of.latency_ns.p95) },
          { name: "99 % within", value: duration(of.latency_ns.p99) },
          { name: "Requests an hour", value: digits(of.rate_per_hour), note: `${grouped(of.requests)} seen in ${counted(of.traces, "trace")}` },
          { name: "Failed", value: percent(of.error_share), note: `${grouped(of.failed)} seen` },
          { name: "Enter the system here", value: percent(of.requests > 0 ? of.entries / of.requests : 0) },
        ]}
      />
      <h2>How long requests take</h2>
      <Histogram of={of} />
      <Path of={of} whole={whole} />
    </>
  );
}
