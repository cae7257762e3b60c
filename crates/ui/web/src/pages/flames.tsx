// The critical paths of an operation's held traces as one picture: examples of what all of them sum up to.
import { useEffect, useMemo, useState } from "preact/hooks";

import { ask } from "../api/client";
import type { Hotspot, Trace } from "../api/types";
import { counted, duration } from "../text/format";
import { flameOf } from "../waterfall/flame";
import { FlameChart } from "../waterfall/flame-chart";

/** Most traces that are laid over each other. */
const TRACES = 6;

export function Flames({ hotspots, service, operation }: { hotspots: Hotspot[]; service: string; operation: string }) {
  const ids = [...new Set(hotspots.flatMap(({ evidence }) => evidence.map(({ trace_id }) => trace_id)))].slice(0, TRACES);
  const [traces, hold] = useState<Trace[] | null>(null);
  const any = ids.length > 0;
  useEffect(() => {
    if (!any) return;
    const end = new AbortController();
    // Those that are gone by now are left out.
    const asked = ids.map((id) => ask<Trace>(`traces/${id}`, end.signal).catch(() => null));
    void Promise.all(asked).then((found) => {
      if (!end.signal.aborted) hold(found.filter((trace) => trace !== null));
    });
    return () => end.abort();
  }, [any, service, operation]);
  const { flame, traces: having } = useMemo(() => flameOf(traces ?? [], service, operation), [traces, service, operation]);
  if (!any || flame.total === 0) return null;
  return (
    <>
      <h2>Examples call by call</h2>
      <p class="faint">
        {counted(having, "trace")} that {having === 1 ? "is" : "are"} held as evidence, laid over each other, {duration(flame.total / having)} of critical path each on
        average: faulty ones, not all. Width is time that the request waited; below stands what it waited for.
      </p>
      <FlameChart
        flame={flame}
        label="Critical path by call in the examples"
        say={({ total, own }) => `${duration(total / having)} a request; itself ${duration(own / having)}`}
      />
    </>
  );
}
