// Copies a text, and says so.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

export function Copy({ what, children }: { what: () => string; children: ComponentChildren }) {
  const [said, say] = useState("");
  const copy = async () => {
    say((await copied(what())) ? "copied" : "this browser does not let it: use the JSON");
    setTimeout(() => say(""), 4_000);
  };
  return (
    <>
      <button type="button" onClick={() => void copy()}>
        {children}
      </button>
      <span role="status" class="faint">
        {said}
      </span>
    </>
  );
}

/** Browsers give the clipboard to pages of this machine or over TLS; others still copy what is marked. */
async function copied(text: string): Promise<boolean> {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Refused: the old way may still work.
    }
  }
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}
