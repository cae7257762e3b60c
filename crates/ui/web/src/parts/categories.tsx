// Critical-path time by category as a stacked bar, said in words beside it.
import type { PathNanos } from "../api/types";
import { duration, percent } from "../text/format";
import { CATEGORIES, CATEGORY_NAMES } from "../text/words";

/** A share below this is drawn and not named. */
const NAMED = 0.01;

/** `of` is the longest bar beside it, so that bars compare; absent, the bar is as long as there is room. */
export function CategoryBar({ path, most }: { path: PathNanos; most?: number }) {
  const sum = total(path);
  const whole = Math.max(most ?? sum, 1);
  return (
    <div class="categories">
      <div class="stack" role="img" aria-label={inWords(path)}>
        {CATEGORIES.filter((one) => path[one] > 0).map((one) => (
          <i key={one} class={`bar ${one}`} style={{ width: `${(path[one] / whole) * 100}%` }} title={`${CATEGORY_NAMES[one]} ${duration(path[one])}`} />
        ))}
      </div>
    </div>
  );
}

/** Sum over categories. */
export function total(path: PathNanos): number {
  return CATEGORIES.reduce((sum, one) => sum + path[one], 0);
}

/** Dearest first: `database 53 %, own work 40 %`. */
export function inWords(path: PathNanos): string {
  const sum = total(path);
  if (sum === 0) return "no critical-path time";
  const named = CATEGORIES.filter((one) => path[one] / sum >= NAMED).sort((a, b) => path[b] - path[a]);
  return named.map((one) => `${CATEGORY_NAMES[one]} ${percent(path[one] / sum)}`).join(", ");
}

export function CategoryLegend() {
  return (
    <p class="legend faint">
      {CATEGORIES.map((one) => (
        <span key={one}>
          <i class={`swatch ${one}`} /> {CATEGORY_NAMES[one]}
        </span>
      ))}
    </p>
  );
}
