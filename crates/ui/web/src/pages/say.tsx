// What people say of a hotspot: seen and accepted, silent until a time, open again.
import { useState } from "preact/hooks";

import { Refusal, send } from "../api/client";
import type { Hotspot } from "../api/types";

const ENDS: [string, string][] = [
  ["1h", "an hour"],
  ["8h", "this shift"],
  ["24h", "a day"],
  ["7d", "a week"],
  ["30d", "30 days"],
];
/** Where the name of the person is kept, in this browser only. */
const NAME = "hotspan.by";

type Word = "acknowledged" | "muted" | "open";

export function Say({ of, said }: { of: Hotspot; said: () => void }) {
  const [word, choose] = useState<Word | null>(null);
  const [refused, refuse] = useState("");
  const decided = of.state === "muted" || of.state === "acknowledged";
  const submit = async (event: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? "");
    localStorage.setItem(NAME, text("by"));
    try {
      await send(`hotspots/${of.id}/state`, {
        state: word,
        reason: text("reason"),
        by: text("by"),
        ...(word === "muted" ? { until: text("until") } : {}),
      });
      choose(null);
      refuse("");
      said();
    } catch (error) {
      refuse(error instanceof Refusal ? error.message : String(error));
    }
  };
  return (
    <section class="say">
      <h2>Say something about it</h2>
      <p class="actions">
        <Button word="acknowledged" chosen={word} choose={choose} title="Acknowledge" />
        <Button word="muted" chosen={word} choose={choose} title="Mute until …" />
        {decided && <Button word="open" chosen={word} choose={choose} title="Reopen" />}
      </p>
      {word && (
        <form onSubmit={(event) => void submit(event)}>
          <label>
            Why{word === "open" ? " (may be empty)" : ""}
            <input name="reason" maxLength={500} required={word !== "open"} autocomplete="off" />
          </label>
          <label>
            Your name
            <input name="by" maxLength={100} required defaultValue={localStorage.getItem(NAME) ?? ""} autocomplete="name" />
          </label>
          {word === "muted" && (
            <label>
              For
              <select name="until">
                {ENDS.map(([value, says]) => (
                  <option key={value} value={value} selected={value === "24h"}>
                    {says}
                  </option>
                ))}
              </select>
            </label>
          )}
          <button class="main">{word === "acknowledged" ? "Acknowledge" : word === "muted" ? "Mute" : "Reopen"}</button>
          <button type="button" onClick={() => choose(null)}>
            Leave it
          </button>
        </form>
      )}
      {refused !== "" && (
        <p class="banner alarm" role="alert">
          {refused}
        </p>
      )}
    </section>
  );
}

interface ButtonProps {
  word: Word;
  chosen: Word | null;
  choose: (word: Word | null) => void;
  title: string;
}

function Button({ word, chosen, choose, title }: ButtonProps) {
  return (
    <button type="button" aria-expanded={chosen === word} onClick={() => choose(chosen === word ? null : word)}>
      {title}
    </button>
  );
}
