// What is said when there is nothing to show: still asking, refused, or empty and why.
import type { ComponentChildren } from "preact";

import type { Refusal } from "../api/client";

export function Waiting({ what }: { what: string }) {
  return (
    <p class="faint" role="status">
      Asking for {what} …
    </p>
  );
}

/** A refusal, with what to do; `missing` says it for a thing that is not there. */
export function Refused({ refusal, missing, again }: { refusal: Refusal; missing?: ComponentChildren; again: () => void }) {
  return (
    <div class="banner alarm" role="alert">
      {refusal.status === 404 && missing ? missing : <p>{refusal.message}</p>}
      <button type="button" onClick={again}>
        Ask again
      </button>
    </div>
  );
}

export function Banner({ tone = "hint", children }: { tone?: "hint" | "warn" | "alarm" | "good"; children: ComponentChildren }) {
  return <div class={`banner ${tone}`}>{children}</div>;
}
