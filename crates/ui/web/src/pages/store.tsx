// What outlives the process, and how that goes.
import type { Status } from "../api/types";
import { Table } from "../parts/facts";
import { Banner } from "../parts/talk";
import { bytes, clock, counted, grouped } from "../text/format";

export function Store({ of }: { of: Status["storage"] }) {
  return (
    <section>
      <h2>What outlives the process</h2>
      {of.store_failing && (
        <Banner tone="warn">
          <p>The store cannot be written, so what is new would end with the process: {of.failing_why}.</p>
        </Banner>
      )}
      {of.moved_aside !== "" && (
        <Banner tone="warn">
          <p>The store was damaged, and a fresh one began. It was moved: {of.moved_aside}.</p>
        </Banner>
      )}
      {of.is_kept ? <Held of={of} /> : <p class="faint">Nothing: everything is in memory.</p>}
    </section>
  );
}

function Held({ of }: { of: Status["storage"] }) {
  const rows: [string, string][] = [
    ["File", of.file],
    ["Size", bytes(of.bytes)],
    ["Rows of hotspots, services, operations and edges", grouped(of.rows)],
    ["Traces that hotspots show", `${grouped(of.exemplars)}, ${bytes(of.exemplar_bytes)}`],
    ["Everything is written up to", of.saved ? clock(of.saved) : "nothing yet"],
    ["Commits", `${grouped(of.commits)}${of.failures > 0 ? `, and ${counted(of.failures, "failure")}` : ""}`],
  ];
  if (of.exemplars_unreadable > 0) rows.push(["Traces that could not be read", grouped(of.exemplars_unreadable)]);
  return (
    <div class="narrow">
      <Table
        caption="The store"
        rows={rows}
        by={([name]) => name}
        columns={[
          { head: "What", cell: ([name]) => name },
          { head: "Now", cell: ([, now]) => now, what: true },
        ]}
      />
    </div>
  );
}
