// Small signs: breaks by shape and colour, states, sureness.
import type { Break, State } from "../api/types";
import { BREAKS, STATES } from "../text/words";

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

export function StateMark({ of }: { of: State }) {
  const { name, says } = STATES[of];
  return (
    <span class={`state ${of}`} title={says}>
      {name}
    </span>
  );
}
