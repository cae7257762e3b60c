// Small signs: breaks by shape and colour, states, sureness.
import type { Break, Change, State } from "../api/types";
import { digits } from "../text/format";
import { BREAKS, CHANGES, STATES } from "../text/words";

const SHAPES: Record<Break, string> = {
  database: "M2 2h10v10H2z",
  synchronous: "M2 1l11 6-11 6z",
  observability: "M7 1a6 6 0 1 1 0 12A6 6 0 0 1 7 1zm0 3.4a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 0 0 0-5.2z",
  seams: "M7 0l7 7-7 7-7-7z",
};

/** The shape of a break; its name is said unless it stands beside. */
export function BreakMark({ of, named = false }: { of: Break; named?: boolean }) {
  const { name } = BREAKS[of];
  return (
    <span class={`break ${of}`} title={BREAKS[of].title}>
      <svg viewBox="0 0 14 14" width="14" height="14" role={named ? undefined : "img"} aria-hidden={named || undefined} aria-label={named ? undefined : name}>
        <path d={SHAPES[of]} fill-rule="evenodd" />
      </svg>
      {named && ` ${name}`}
    </span>
  );
}

const CHANGE_SHAPES: Record<Change, string> = {
  appeared: "M5 1h4v4h4v4H9v4H5V9H1V5h4z",
  grew: "M7 1l6.5 12h-13z",
  shrank: "M7 13L.5 1h13z",
  gone: "M1 5h12v4H1z",
  same: "M1 2.5h12v3H1zm0 6h12v3H1z",
  unclear: "M7 1a6 6 0 1 1 0 12A6 6 0 0 1 7 1zm0 2.4a3.6 3.6 0 1 0 0 7.2 3.6 3.6 0 0 0 0-7.2z",
};

/** What became of something, by shape, colour and word; with its ratio where it is known. */
export function ChangeMark({ of, ratio }: { of: Change; ratio?: number | null | undefined }) {
  return (
    <span class={`change ${of}`} title={CHANGES[of].says}>
      <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden>
        <path d={CHANGE_SHAPES[of]} fill-rule="evenodd" />
      </svg>{" "}
      {CHANGES[of].name}
      {(of === "grew" || of === "shrank") && typeof ratio === "number" && ` to ${digits(ratio)}×`}
    </span>
  );
}

export function StateMark({ of }: { of: State }) {
  const { name, says } = STATES[of];
  return (
    <span class={`state ${of}`} title={says}>
      {name}
    </span>
  );
}
