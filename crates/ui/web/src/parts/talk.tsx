// What is said when there is nothing to show: still asking, refused, or empty and why.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

import type { Refusal } from "../api/client";

/** What the daemon wrote into the document: it stays until the script has as much to show. */
let first: Node[] = [];

/** Takes the first words from the document. */
export function keep(document_: Element): void {
  first = [...(document_.querySelector("main")?.childNodes ?? [])];
}

export function Waiting({ what }: { what: string }) {
  // Another page has other words.
  useEffect(() => () => void (first = []), []);
  return (
    <p class="faint" role="status">
      Asking for {what} …
    </p>
  );
}

/** The same where the document begins with more than the name of the page. */
export function WaitingOverFirst({ what }: { what: string }) {
  return (
    <>
      {first.length === 0 && <h1>{what}</h1>}
      <div ref={(box) => box?.append(...first)} />
      <Waiting what={what} />
    </>
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
