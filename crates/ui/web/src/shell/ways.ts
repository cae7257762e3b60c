// The ways in the head, in order.
import type { PageName } from "../route";

/** Page, name, the key that follows `g`. */
export const WAYS: [PageName, string, string][] = [
  ["", "Hotspots", "h"],
  ["audit", "Audit", "a"],
  ["services", "Services", "s"],
  ["third-parties", "Third parties", "p"],
  ["traces", "Traces", "t"],
  ["compare", "Compare", "c"],
  ["ingest", "Ingest health", "i"],
];
