// The exemplar traces of a hotspot, one at a time, on its evidence.
import { useState } from "preact/hooks";

import type { HotspotDetail, Trace } from "../api/types";
import { Links } from "../parts/links";
import { Tabs } from "../parts/tabs";
import { to } from "../route";
import { counted, duration } from "../text/format";
import { ROLES } from "../text/words";
import { TraceView } from "../waterfall/traceview";

export function Evidence({ of }: { of: HotspotDetail }) {
  const [at, show] = useState(0);
  const shown = of.waterfalls[at] ?? of.waterfalls[0];
  if (!shown) {
    return (
      <p>
        No exemplar is held any more. {of.evidence.length > 0 && `Their ids: ${of.evidence.map(({ trace_id }) => trace_id).join(", ")}.`}
      </p>
    );
  }
  const { trace } = shown;
  const calls = of.evidence.find(({ trace_id }) => trace_id === trace.trace_id)?.span_count ?? 0;
  return (
    <>
      <Tabs
        name="Exemplars"
        tabs={of.waterfalls.map(({ role, trace: one }) => `${ROLES[role]} · ${duration(one.duration_ns)}`)}
        chosen={at}
        choose={show}
      >
        <p class="faint">
          {counted(calls, "span")} of the fault (●){trace.spans.some(({ mark }) => mark === "anchor") ? " below their anchor (⚑)" : ""}, in{" "}
          {counted(trace.span_count, "span")}. <a href={to("traces", trace.trace_id, { hotspot: of.id })}>The whole trace</a> <Links of={trace as Trace} />
          {of.waterfalls.map(
            ({ role, trace: other }) =>
              other.trace_id !== trace.trace_id && (
                <span key={other.trace_id}>
                  {" "}
                  · <a href={to("compare", "", { a: other.trace_id, b: trace.trace_id })}>Compare with the {ROLES[role].toLowerCase()}</a>
                </span>
              ),
          )}
        </p>
        <TraceView key={trace.trace_id} trace={trace} />
      </Tabs>
    </>
  );
}
