// What nearly is a hotspot, and what would let a blind rule see.
import type { NearMissList } from "../api/types";
import { Table } from "../parts/facts";
import { to } from "../route";
import { duration, grouped, percent } from "../text/format";
import { plain } from "../text/words";

type NearMiss = NearMissList["near_misses"][number];

/** Rows that are shown of each. */
const SHOWN = 25;

const REASONS: Record<string, string> = {
  count: "too few",
  cost: "too cheap",
  sightings: "in too few traces",
  confidence: "not sure enough",
  ignored: "accepted in the code",
  "front-end": "the front end does it",
};

function reason(word: string): string {
  const [kind = "", what = ""] = word.split(":");
  if (kind === "guard") return `excused: ${plain(what)}`;
  if (kind === "subsumed") return `part of ${plain(what)}`;
  if (kind === "blind") return `cannot see ${plain(what)}`;
  return REASONS[kind] ?? plain(word);
}

/** What is missing, by attribute: one change of instrumentation opens the eyes of all rules that need it. */
export function Remedies({ of }: { of: NearMiss[] }) {
  const byAttribute = new Map<string, { miss: NearMiss; services: Set<string>; detectors: Set<string> }>();
  for (const miss of of) {
    if (!miss.remedy) continue;
    const row = byAttribute.get(miss.remedy.attribute) ?? { miss, services: new Set(), detectors: new Set() };
    row.services.add(miss.service);
    row.detectors.add(miss.detector);
    byAttribute.set(miss.remedy.attribute, row);
  }
  const rows = [...byAttribute.values()].sort((a, b) => b.services.size - a.services.size);
  if (rows.length === 0) return null;
  return (
    <section>
      <h2>What would have to be sent</h2>
      <Table
        caption="Attributes that rules lack"
        rows={rows}
        by={(row) => row.miss.remedy?.attribute ?? ""}
        columns={[
          {
            head: "Attribute",
            cell: (row) => (
              <>
                <code>{row.miss.remedy?.attribute}</code>
                {row.miss.remedy?.older && <small>or as it was called: {row.miss.remedy.older}</small>}
              </>
            ),
          },
          { head: "Without it nobody sees", cell: (row) => [...row.detectors].map(plain).join(", ") },
          { head: "Services", cell: (row) => [...row.services].join(", ") },
          { head: "What to do", cell: (row) => row.miss.remedy?.how },
        ]}
      />
    </section>
  );
}

/** What was stopped by a gate or a guard, the nearest first. */
export function Nearest({ of }: { of: NearMiss[] }) {
  const rows = of.filter(({ remedy }) => !remedy).sort((a, b) => a.distance - b.distance);
  return (
    <section>
      <h2>What nearly is a hotspot</h2>
      {rows.length === 0 && <p class="faint">Nothing came near a threshold and was stopped.</p>}
      {rows.length > 0 && (
        <Table
          caption="Near misses, the nearest first"
          rows={rows.slice(0, SHOWN)}
          by={(row) => `${row.service} ${row.operation} ${row.detector} ${row.reason} ${row.template} ${row.hotspot_id}`}
          columns={[
            {
              head: "Where",
              cell: (row) => (
                <>
                  <b>{row.service}</b>{" "}
                  {row.operation !== "" && <a href={to("operation", "", { service: row.service, name: row.operation })}>{row.operation}</a>}
                </>
              ),
            },
            { head: "Rule", cell: (row) => plain(row.detector) },
            { head: "Why not", cell: (row) => reason(row.reason) },
            { head: "Lacks", cell: (row) => row.conditions.map(lacks).filter(Boolean).join("; ") || "nothing but the excuse" },
            { head: "Traces", cell: (row) => grouped(row.traces), number: true },
          ]}
        />
      )}
      {rows.length > SHOWN && <p class="faint">{rows.length - SHOWN} more are in the API: api/v1/near-misses.</p>}
    </section>
  );
}

function lacks({ name, value, threshold, distance }: NearMiss["conditions"][number]): string {
  if (distance === 0) return "";
  const [unit, label] = name.endsWith("_ns")
    ? [duration, name.slice(0, -3)]
    : name.endsWith("_millionths")
      ? [(of: number) => percent(of / 1e6), name.slice(0, -11)]
      : [grouped, name];
  return `${plain(label)} ${unit(value)} of ${unit(threshold)}`;
}
