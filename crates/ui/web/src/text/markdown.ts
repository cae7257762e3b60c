// A hotspot as Markdown, for tickets and chats. Texts of spans are escaped: they are data there too.
import type { HotspotDetail } from "../api/types";
import { counted, duration, effort, percent, perHour } from "./format";
import { BREAKS, plain } from "./words";

/** A text that is no markup. */
export function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]<>()#+!|~&]/g, "\\$&").replace(/^([-=.\d])/, "\\$1");
}

export function markdown(of: HotspotDetail, address: string): string {
  const saves = of.impact_basis === "saving";
  const lines = [
    `## ${escaped(of.title)}`,
    "",
    `**What to do** (${escaped(of.service)}): ${escaped(of.fix.summary)}`,
    "",
    ...(of.fix.how === "" ? [] : [escaped(of.fix.how), ""]),
    `- ${BREAKS[of.break].title}, ${plain(of.detector)}, ${plain(of.state)}`,
    saves
      ? `- saves ${perHour(of.impact_s_per_hour)} of waiting an hour, ${duration(of.saving_ns.likely)} a request (${percent(of.saving_share)} of ${escaped(of.operation)})`
      : `- ${perHour(of.impact_s_per_hour)} of waiting an hour lies open to it`,
    `- in ${percent(of.share)} of the requests, ${counted(of.traces, "trace")}, ${of.calls_per_trace.p50} calls each (up to ${of.calls_per_trace.max})`,
    `- ${percent(of.confidence)} sure: ${escaped(of.confidence_why.join("; "))}`,
    `- effort: about ${effort(of.effort_weeks)}`,
    ...of.code.map(({ file, line, function: name }) => `- code: ${escaped(`${file}:${line} ${name}`)}`),
    ...of.evidence.map(({ role, trace_id }) => `- ${role} trace: ${trace_id}`),
    "",
    address,
    "",
  ];
  return lines.join("\n");
}
