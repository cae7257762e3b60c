// A trace: what is wrong with it, its waterfall, and the span that was chosen.
import { useMemo, useState } from "preact/hooks";

import type { Trace } from "../api/types";
import { Banner } from "../parts/talk";
import { counted } from "../text/format";
import { plain } from "../text/words";
import { Detail } from "./detail";
import { type Node, ofTrace } from "./nodes";
import { Waterfall } from "./waterfall";

export function TraceView({ trace, members }: { trace: Trace; members?: ReadonlySet<string> }) {
  const picture = useMemo(() => ofTrace(trace, members), [trace, members]);
  const [chosen, choose] = useState<Node | null>(null);
  return (
    <>
      <Doubts of={trace} />
      <div class={chosen ? "beside" : ""}>
        <Waterfall picture={picture} name={`Trace ${trace.trace_id}`} chosen={chosen?.at ?? null} choose={choose} />
        {chosen && <Detail node={chosen} close={() => choose(null)} />}
      </div>
    </>
  );
}

/** Why the picture may differ from what happened. */
function Doubts({ of }: { of: Trace }) {
  const doubts: string[] = [];
  const skew = of.defects.filter(({ kind }) => kind.includes("skew")).length;
  if (of.incomplete) doubts.push("The trace is incomplete: findings may rest on missing spans.");
  if (of.completeness.missing_parents > 0) doubts.push(`${counted(of.completeness.missing_parents, "parent")} never arrived.`);
  if (of.completeness.truncated) doubts.push("It hit a limit while it was put together.");
  if (of.completeness.compacted > 0) doubts.push(`${counted(of.completeness.compacted, "span")} were folded into groups.`);
  if (of.omitted_spans > 0) doubts.push(`${counted(of.omitted_spans, "span")} are not in this answer.`);
  if (skew > 0) doubts.push(`Clocks differ: ${counted(skew, "span was", "spans were")} shifted to fit their callers.`);
  const other = new Map<string, number>();
  for (const { kind } of of.defects) if (!kind.includes("skew")) other.set(kind, (other.get(kind) ?? 0) + 1);
  if (other.size > 0) doubts.push(`Defects: ${[...other].map(([kind, number]) => `${plain(kind)} ${number}`).join(", ")}.`);
  if (doubts.length === 0) return null;
  return (
    <Banner tone={of.incomplete ? "warn" : "hint"}>
      <p>{doubts.join(" ")}</p>
    </Banner>
  );
}
