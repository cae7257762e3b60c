// The traces that are held as evidence, and a way to one by its id.
import { useState } from "preact/hooks";

import { useLive } from "../api/live";
import type { TraceList } from "../api/types";
import { Table } from "../parts/facts";
import { Head } from "../parts/head";
import { Banner, Refused, Waiting } from "../parts/talk";
import { go, route, to, withQuery } from "../route";
import { counted } from "../text/format";
import { ROLES, plain } from "../text/words";

const ROWS = 50;

export function Traces() {
  const cursor = route.value.query.get("cursor") ?? "";
  const asked = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
  const { data, refusal, again } = useLive<TraceList>(`traces?limit=${ROWS}${asked}`, 0);
  const [id, type] = useState("");
  const find = (event: SubmitEvent) => {
    event.preventDefault();
    const digits = id.trim().replaceAll("-", "").toLowerCase();
    if (digits !== "") go(to("traces", digits));
  };
  return (
    <main>
      <Head title="Traces" />
      <form onSubmit={find} class="filters">
        <label>
          Trace id
          <input data-search value={id} onInput={(event) => type(event.currentTarget.value)} size={36} spellcheck={false} autocomplete="off" />
        </label>
        <button>Show it</button>
      </form>
      {refusal && <Refused refusal={refusal} again={again} />}
      {!data && !refusal && <Waiting what="the traces" />}
      {data && data.total === 0 && (
        <Banner>
          <p>No trace is held as evidence: no hotspot refers to one. A trace that was sent in the last moments can still be found by its id.</p>
        </Banner>
      )}
      {data && data.total > 0 && (
        <>
          <p class="faint">{counted(data.total, "trace is", "traces are")} held as evidence of hotspots.</p>
          <Table
            caption="Exemplar traces"
            rows={data.traces}
            by={(row) => row.trace_id}
            columns={[
              {
                head: "Trace",
                cell: (row) => (
                  <a href={to("traces", row.trace_id)} data-row>
                    <code>{row.trace_id}</code>
                  </a>
                ),
              },
              {
                head: "Evidence of",
                cell: (row) =>
                  row.hotspots.map((of, at) => (
                    <span key={at}>
                      {at > 0 && "; "}
                      <a href={to("hotspots", of.hotspot_id)}>
                        {plain(of.detector)} in {of.service}
                      </a>{" "}
                      ({ROLES[of.role].toLowerCase()})
                    </span>
                  )),
              },
            ]}
          />
          <nav class="pager" aria-label="Pages of the list">
            {cursor !== "" && <a href={withQuery({ cursor: "" })}>First page</a>}
            {data.next_cursor && <a href={withQuery({ cursor: data.next_cursor })}>Next {ROWS}</a>}
          </nav>
        </>
      )}
    </main>
  );
}
