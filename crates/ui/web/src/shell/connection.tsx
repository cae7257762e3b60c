// Whether the daemon answers, and how old what is shown is.
import { useEffect, useState } from "preact/hooks";

import { link } from "../api/client";
import { useLive } from "../api/live";
import type { Status } from "../api/types";
import { clock, counted } from "../text/format";
import { help } from "./help";

const EVERY_MS = 5_000;

export function Connection() {
  const { data } = useLive<Status>("status", EVERY_MS);
  const [now, tick] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => tick(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const { up, answered } = link.value;
  const silent = Math.max(0, Math.round((now - answered) / 1000));
  const of = data ? ` · data of ${clock(data.at)}` : "";
  return (
    <>
      <div class="connection">
        <span class={up ? "live" : "away"} title={data ? `snapshot ${data.snapshot}, version ${data.version}` : ""}>
          {up ? `live${of}` : `away${of}`}
        </span>
        <button type="button" class="quiet" onClick={() => (help.value = true)} aria-keyshortcuts="?">
          Keys
        </button>
      </div>
      {!up && (
        <p class="banner alarm wide" role="alert">
          Hotspan has not answered for {counted(silent, "second")}. What you see is of{" "}
          {data ? clock(data.at) : clock(answered)}; it is shown until there is something newer.
        </p>
      )}
    </>
  );
}
