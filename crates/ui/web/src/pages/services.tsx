// How services hang together: the map, the table, what couples them.
import { useMemo, useState } from "preact/hooks";

import { useLive } from "../api/live";
import type { Audit, DependencyList, OperationList, Service, ServiceList } from "../api/types";
import { MapView } from "../map/map";
import { CategoryBar, CategoryLegend, total } from "../parts/categories";
import { CoverageStrip } from "../parts/coverage";
import { Table } from "../parts/facts";
import { Head } from "../parts/head";
import { Banner, Refused, Waiting } from "../parts/talk";
import { go, route, to, withQuery } from "../route";
import { digits, duration, grouped, percent } from "../text/format";
import { Sayings } from "./audit";

const EVERY_MS = 15_000;

export function Services() {
  const wanted = route.value.query.get("service") ?? "";
  const asked = wanted === "" ? "" : `&service=${encodeURIComponent(wanted)}`;
  const { data, refusal, again } = useLive<ServiceList>("services?limit=1000", EVERY_MS);
  const edges = useLive<DependencyList>(`dependencies?limit=1000${asked}`, 60_000).data;
  const audit = useLive<Audit>("audit", 60_000).data;
  const services = data?.services ?? [];
  const shown = wanted === "" ? services : services.filter(({ service }) => service === wanted);
  const most = Math.max(1, ...shown.map((row) => total(row.critical_path_ns)));
  const marked = useMemo(() => new Map(services.map((row) => [row.service, row.hotspots])), [data]);
  return (
    <main>
      <Head title={wanted === "" ? "Services" : `Service ${wanted}`} />
      {refusal && <Refused refusal={refusal} again={again} />}
      {!data && !refusal && <Waiting what="the services" />}
      {data && <CoverageStrip of={data.coverage} />}
      {data && services.length === 0 && (
        <Banner>
          <p>
            No service was seen yet. <a href={to("")}>How to point one at Hotspan</a>
          </p>
        </Banner>
      )}
      {wanted !== "" && (
        <p>
          <a href={withQuery({ service: "" })}>All services</a> · <a href={to("", "", { service: wanted })}>its hotspots</a>
        </p>
      )}
      {edges && edges.dependencies.length > 0 && (
        <>
          <h2>Who calls whom</h2>
          <MapView edges={edges.dependencies} hotspots={marked} choose={(service) => go(withQuery({ service }))} />
        </>
      )}
      {shown.length > 0 && (
        <>
          <h2>Where requests wait</h2>
          <CategoryLegend />
          <Rows rows={[...shown].sort((a, b) => b.critical_path_share - a.critical_path_share)} most={most} />
        </>
      )}
      {wanted !== "" && <Operations service={wanted} />}
      {audit && wanted === "" && (
        <>
          <h2>What couples them</h2>
          <Sayings of={audit.coupling} />
        </>
      )}
    </main>
  );
}

function Rows({ rows, most }: { rows: Service[]; most: number }) {
  return (
    <Table
      caption="Services by critical-path time"
      rows={rows}
      by={(row) => row.service}
      columns={[
        {
          head: "Service",
          cell: (row) => (
            <a href={to("services", "", { service: row.service })} data-row>
              {row.service}
            </a>
          ),
        },
        { head: "Hotspots", cell: (row) => (row.hotspots > 0 ? <a href={to("", "", { service: row.service })}>{row.hotspots}</a> : "0"), number: true },
        { head: "Requests an hour", cell: (row) => grouped(row.rate_per_hour), number: true },
        { head: "Failed", cell: (row) => percent(row.error_share), number: true },
        { head: "Median", cell: (row) => duration(row.latency_ns.p50), number: true },
        { head: "95 %", cell: (row) => duration(row.latency_ns.p95), number: true },
        { head: "Share of waiting", cell: (row) => percent(row.critical_path_share), number: true },
        { head: "By category", cell: (row) => <CategoryBar path={row.critical_path_ns} most={most} /> },
      ]}
    />
  );
}

function Operations({ service }: { service: string }) {
  const { data } = useLive<OperationList>(`operations?limit=1000&service=${encodeURIComponent(service)}`, EVERY_MS);
  const [all, showAll] = useState(false);
  const rows = [...(data?.operations ?? [])].sort((a, b) => total(b.critical_path_ns) - total(a.critical_path_ns));
  const shown = all ? rows : rows.slice(0, 50);
  const most = Math.max(1, ...shown.map((row) => total(row.critical_path_ns)));
  return (
    <>
      <h2>Operations</h2>
      {data && rows.length === 0 && <p>No request of this service was judged yet.</p>}
      <Table
        caption="Operations by critical-path time"
        rows={shown}
        by={(row) => row.operation}
        columns={[
          {
            head: "Operation",
            cell: (row) => (
              <a href={to("operation", "", { service, name: row.operation })} data-row>
                {row.operation}
              </a>
            ),
          },
          { head: "Requests an hour", cell: (row) => digits(row.rate_per_hour), number: true },
          { head: "Failed", cell: (row) => percent(row.error_share), number: true },
          { head: "Median", cell: (row) => duration(row.latency_ns.p50), number: true },
          { head: "95 %", cell: (row) => duration(row.latency_ns.p95), number: true },
          { head: "By category", cell: (row) => <CategoryBar path={row.critical_path_ns} most={most} /> },
        ]}
      />
      {shown.length < rows.length && (
        <button type="button" onClick={() => showAll(true)}>
          Show all {rows.length}
        </button>
      )}
    </>
  );
}
