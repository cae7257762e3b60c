// Where the requests of one operation wait, over all its traces: by category, and call by call.
import type { Operation, OperationCall } from "../api/types";
import { CategoryBar, total } from "../parts/categories";
import { type Column, Table } from "../parts/facts";
import { to } from "../route";
import { counted, digits, duration, grouped, percent } from "../text/format";
import { CATEGORIES, CATEGORY_NAMES, type Category } from "../text/words";
import type { Flame } from "../waterfall/flame";
import { FlameChart } from "../waterfall/flame-chart";

/** The critical path of all requests together. Sums are adjusted for sampling and counts are not, so that without any it is told what a request waits. */
export function Path({ of, whole }: { of: Operation; whole: boolean }) {
  const path = of.critical_path_ns;
  const sum = total(path);
  const rows = CATEGORIES.filter((one) => path[one] > 0).sort((a, b) => path[b] - path[a]);
  const averages: Column<Category>[] = [
    { head: "A request", title: "On average", cell: (one) => duration(path[one] / of.requests), number: true },
    { head: "All together", cell: (one) => duration(path[one]), number: true },
  ];
  return (
    <>
      <h2>Its critical path, over all {counted(of.traces, "trace")}</h2>
      {sum === 0 && <p class="faint">No request waited for it.</p>}
      {sum > 0 && (
        <>
          <p class="faint">
            {whole && of.requests > 0 && `${counted(of.requests, "request")} took ${duration(sum / of.requests)} of critical path each on average. `}
            Its own spans are counted, and calls until their callee works.
          </p>
          <CategoryBar path={path} />
          <div class="narrow">
            <Table
              caption="Critical path by category"
              rows={rows}
              by={(one) => one}
              columns={[
                {
                  head: "Waits for",
                  cell: (one) => (
                    <>
                      <i class={`swatch ${one}`} /> {CATEGORY_NAMES[one]}
                    </>
                  ),
                },
                { head: "Share", cell: (one) => percent(path[one] / sum), number: true },
                ...(whole && of.requests > 0 ? averages : []),
              ]}
            />
          </div>
          <Calls of={of} whole={whole} />
        </>
      )}
    </>
  );
}

/** Call by call, with what works for each, as a picture and in figures. */
function Calls({ of, whole }: { of: Operation; whole: boolean }) {
  const flame = flameOfCalls(of);
  if (flame.below.length === 0 || flame.total === 0) return null;
  const averages: Column<OperationCall>[] = [
    { head: "A request", title: "On average", cell: (one) => duration(one.critical_path_ns / of.requests), number: true },
  ];
  return (
    <>
      <h2>Call by call, over the same traces</h2>
      <p class="faint">Each call with all that works for it, in other services too. Width is time that requests waited.</p>
      <FlameChart flame={flame} label="Critical path by call, over all traces" say={({ total }) => duration(total)} />
      <Table
        caption="Calls that requests wait for"
        rows={of.calls}
        by={(one) => `${one.class} ${one.to} ${one.template}`}
        columns={[
          {
            head: "Call",
            cell: (one) => (
              <>
                <i class={`swatch ${categoryOf(one)}`} /> {one.template || one.class}
              </>
            ),
            what: true,
          },
          { head: "To", cell: (one) => (one.peer === "internal" ? <a href={to("services", "", { service: one.to })}>{one.to}</a> : one.to) },
          { head: "Share", cell: (one) => percent(one.critical_path_ns / flame.total), number: true },
          ...(whole && of.requests > 0 ? averages : []),
          { head: "Calls a trace", title: "Where it is made at all", cell: (one) => digits(one.calls / one.traces), number: true },
          { head: "In traces", cell: (one) => grouped(one.traces), number: true },
        ]}
      />
    </>
  );
}

/** The operation's own work, and its calls below it. */
function flameOfCalls(of: Operation): Flame {
  const below = of.calls.map((one) => ({
    label: one.template || one.class,
    service: one.to,
    category: categoryOf(one),
    total: one.critical_path_ns,
    own: one.critical_path_ns,
    below: [],
  }));
  const own = of.critical_path_ns.self + of.critical_path_ns.gap;
  const all = below.reduce((sum, { total }) => sum + total, own);
  return { label: of.operation, service: of.service, category: "self", total: all, own, below };
}

function categoryOf({ class: kind, peer }: OperationCall): Category {
  if (kind === "db" || kind === "cache") return kind;
  if (kind === "publish") return "queue";
  return peer === "third_party" ? "third_party" : "internal";
}
