// Asks the API, and keeps in mind when it answered last.
import { signal } from "@preact/signals";

import { root } from "../route";
import type { Problem } from "./types";

/** Longest wait for an answer. */
const PATIENCE_MS = 15_000;

/** Why there is no answer: what the API says, or that it says nothing. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

/** Values that a refusal names at most. */
const ALLOWED_MAX = 20;

/** Whether the daemon answers, and when it did so last by the clock of this machine. */
export const link = signal({ up: true, answered: Date.now() });

/** The document at a path of the API, say `status`. */
export async function ask<T>(path: string, aborted?: AbortSignal): Promise<T> {
  return answer<T>(await reach(`api/v1/${path}`, {}, aborted));
}

/** Sends a document, and reads the one that comes back. */
export async function send<T>(path: string, body: unknown): Promise<T> {
  const headers = { "content-type": "application/json" };
  return answer<T>(await reach(`api/v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function reach(path: string, init: RequestInit, aborted?: AbortSignal): Promise<Response> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const either = aborted ? AbortSignal.any([aborted, patience]) : patience;
  try {
    const response = await fetch(root + path, { ...init, signal: either });
    link.value = { up: true, answered: Date.now() };
    return response;
  } catch (error) {
    if (aborted?.aborted) throw error;
    link.value = { ...link.peek(), up: false };
    throw new Refusal(0, "Hotspan does not answer. Is it running, and is this machine on its network?");
  }
}

async function answer<T>(response: Response): Promise<T> {
  if (response.ok) return (await response.json()) as T;
  const kind = response.headers.get("content-type") ?? "";
  const detail = kind.startsWith("application/problem+json")
    ? said((await response.json()) as Problem)
    : `the answer is ${response.status} ${response.statusText}`;
  throw new Refusal(response.status, detail);
}

/** What is wrong, and what would be right. */
function said({ detail, allowed }: Problem): string {
  if (!allowed?.length) return detail;
  const more = allowed.length > ALLOWED_MAX ? ", …" : "";
  return `${detail}: ${allowed.slice(0, ALLOWED_MAX).join(", ")}${more}`;
}
