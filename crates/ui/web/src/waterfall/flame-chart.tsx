// Time as boxes: width is time that requests waited, below stands what they waited for.
import { percent } from "../text/format";
import { boxes, type Flame } from "./flame";

/** Narrower boxes are left out; so are those beyond so many. */
const LEAST = 0.004;
const MOST = 200;
const ROW_REM = 1.5;

/** `say` is what a box tells beside its name and share. */
export function FlameChart({ flame, label, say }: { flame: Flame; label: string; say: (one: Flame) => string }) {
  const shown = boxes(flame, LEAST, MOST);
  const depth = Math.max(...shown.map((box) => box.depth)) + 1;
  return (
    <div class="flames" role="list" aria-label={label} style={{ height: `${depth * ROW_REM}rem` }}>
      {shown.map(({ flame: one, depth: level, from, share }, at) => (
        <div
          key={at}
          role="listitem"
          class={`flame ${one.category}`}
          style={{ left: `${from * 100}%`, width: `${share * 100}%`, top: `${level * ROW_REM}rem` }}
          title={`${one.label} of ${one.service}: ${percent(share)}, ${say(one)}`}
        >
          <span>
            {one.label} {percent(share)}
          </span>
        </div>
      ))}
    </div>
  );
}
