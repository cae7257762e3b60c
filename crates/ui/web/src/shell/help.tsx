// The keys, on request.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { WAYS } from "./ways";

/** Whether the keys are shown. */
export const help = signal(false);

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = help.value;
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  const keys: [string, string][] = [
    ["j  k", "next and previous row of a list"],
    ["Enter", "open it"],
    ["/", "to the filters, or to the search of a page"],
    ["↑ ↓", "in a waterfall: next and previous span"],
    ["→ ←", "in a waterfall: unfold and fold"],
    ...WAYS.map(([, title, key]): [string, string] => [`g ${key}`, title]),
    ["?", "these keys"],
    ["Esc", "close, or leave a field"],
  ];
  return (
    <dialog ref={dialog} aria-labelledby="keys" onClose={() => (help.value = false)}>
      <h2 id="keys">Keys</h2>
      <dl class="keys">
        {keys.map(([key, says]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{says}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button>Close</button>
      </form>
    </dialog>
  );
}
