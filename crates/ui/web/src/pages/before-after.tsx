// What the fix would do to an exemplar: the same request replayed without the fault, as a range with its assumptions.
import { useMemo, useState } from "preact/hooks";

import type { BeforeAfter, Replay } from "../api/types";
import { Tabs } from "../parts/tabs";
import { counted, duration, percent } from "../text/format";
import { ROLES } from "../text/words";
import { ofReplay } from "../waterfall/nodes";
import { Waterfall } from "../waterfall/waterfall";

export function BeforeAfterView({ of }: { of: BeforeAfter[] }) {
  const [at, show] = useState(0);
  const shown = of[at] ?? of[0];
  if (!shown) return null;
  return (
    <section>
      <h2>Before and after the fix</h2>
      <Tabs name="Replays" tabs={of.map(({ role }) => ROLES[role])} chosen={at} choose={show}>
        {shown.replay ? (
          <ReplayView key={shown.trace_id} of={shown.replay} />
        ) : (
          <p>
            There is no replay of this trace: {shown.why_not ?? "nothing was said why"}.
          </p>
        )}
      </Tabs>
    </section>
  );
}

function ReplayView({ of }: { of: Replay }) {
  const [before, after] = useMemo(() => [ofReplay(of, "before"), ofReplay(of, "after")], [of]);
  const { best, likely, worst } = of.after_ns;
  const whole = Math.max(of.before_ns, worst, 1);
  const part = (ns: number) => `${(ns / whole) * 100}%`;
  const less = of.before_ns > likely ? ` (${percent((of.before_ns - likely) / of.before_ns)} less)` : "";
  return (
    <>
      <div class="replay">
        <span>before</span>
        <span class="lane">
          <i class="bar self" style={{ left: 0, width: part(of.before_ns) }} />
        </span>
        <b>{duration(of.before_ns)}</b>
        <span>after</span>
        <span class="lane">
          <i class="bar touched" style={{ left: 0, width: part(likely) }} />
          <i class="range" style={{ left: part(best), width: part(worst - best) }} />
        </span>
        <b>
          {duration(likely)}
          {less}
        </b>
      </div>
      <p class="faint">
        Between {duration(best)} at best and {duration(worst)} at worst. The request is replayed with the fault repaired; this assumes
        that nothing else contends and that calls take as long as before. Timing shows order, not dependency.
      </p>
      <h3>Before</h3>
      <Waterfall picture={before} name="Before the fix" />
      <h3>After</h3>
      <Waterfall picture={after} name="After the fix" />
      {of.omitted_spans > 0 && <p class="faint">{counted(of.omitted_spans, "more span")} are not shown.</p>}
    </>
  );
}
