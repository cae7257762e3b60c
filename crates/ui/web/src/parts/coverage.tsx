// What an answer rests on, in one line, and whether that is enough.
import type { Coverage } from "../api/types";
import { to } from "../route";
import { counted, digits, grouped, percent } from "../text/format";

/** Below this share of complete traces, faults are likely to be missed. */
const COMPLETE_MIN = 0.95;

/** Reasons to drop a span that lose nothing: a copy of one that is held, and what Hotspan says of itself. */
const HARMLESS = ["duplicate", "own_telemetry"];

/** Spans that were dropped and are missing. */
export function lost(dropped: Record<string, number>): number {
  return Object.entries(dropped).reduce((sum, [reason, number]) => (HARMLESS.includes(reason) ? sum : sum + number), 0);
}

/** What keeps faults from being seen, in clauses; empty when nothing does. */
export function blindness(of: Coverage): string[] {
  const clauses: string[] = [];
  const dropped = lost(of.spans.dropped);
  if (of.services.length > 0) clauses.push(`${counted(of.services.length, "service")} cannot be judged in full`);
  if (of.traces.analysed > 0 && of.complete_share < COMPLETE_MIN) {
    clauses.push(`only ${percent(of.complete_share)} of the traces are complete`);
  }
  if (dropped > 0) clauses.push(`${counted(dropped, "span")} were dropped`);
  if (of.pressure.level === "sampling") clauses.push(`${percent(of.pressure.left_out_share)} of the traces are left out for want of room`);
  if (of.pressure.level === "refusing") clauses.push("senders are asked to send again for want of room");
  return clauses;
}

export function CoverageStrip({ of }: { of: Coverage }) {
  const blind = blindness(of);
  const weighted = of.sampling_weight > 1 ? `, each for ${digits(of.sampling_weight)} by sampling` : "";
  return (
    <p class={blind.length > 0 ? "coverage warn" : "coverage"}>
      <span>
        Rests on {counted(of.traces.analysed, "trace")} of {grouped(of.spans.analysed)} spans{weighted}; rates over the last{" "}
        {of.window_hours === 1 ? "hour" : counted(of.window_hours, "hour")}.
      </span>{" "}
      <span>{blind.length > 0 ? `${blind.join("; ")}.` : "Nothing was lost."}</span> <a href={to("ingest")}>What cannot be seen</a>
    </p>
  );
}
