// What the API says now, asked again and again for as long as somebody looks.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { ask, Refusal } from "./client";

/** The last answer and the last refusal; both are kept, so that old data stays while the daemon is away. */
export interface Live<T> {
  data: T | null;
  refusal: Refusal | null;
  /** Asks now. */
  again: () => void;
}

/** Asks for `path` every `every` milliseconds; 0 asks once, and null not at all. */
export function useLive<T>(path: string | null, every: number): Live<T> {
  const [state, set] = useState<{ path: string | null; data: T | null; refusal: Refusal | null }>({
    path,
    data: null,
    refusal: null,
  });
  const now = useRef<() => void>(() => {});
  useEffect(() => {
    if (path === null) return;
    const end = new AbortController();
    let timer = 0;
    let asking = false;
    let answered = false;
    const turn = async () => {
      if (asking || end.signal.aborted) return;
      clearTimeout(timer);
      asking = true;
      try {
        const data = await ask<T>(path, end.signal);
        answered = true;
        if (!end.signal.aborted) set({ path, data, refusal: null });
      } catch (error) {
        const refusal = error instanceof Refusal ? error : new Refusal(0, String(error));
        if (!end.signal.aborted) {
          set((before) => ({ path, data: before.path === path ? before.data : null, refusal }));
        }
      }
      asking = false;
      if (every > 0 && !document.hidden && !end.signal.aborted) timer = setTimeout(turn, every);
    };
    const seen = () => {
      if (!document.hidden && (every > 0 || !answered)) void turn();
    };
    now.current = () => void turn();
    document.addEventListener("visibilitychange", seen);
    void turn();
    return () => {
      end.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [path, every]);
  const again = useCallback(() => now.current(), []);
  const current = state.path === path;
  return { data: current ? state.data : null, refusal: current ? state.refusal : null, again };
}
