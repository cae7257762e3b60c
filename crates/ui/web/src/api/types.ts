// The shapes of the API under short names.
import type { components } from "./schema";

type Shapes = components["schemas"];
type Page<L> = Exclude<L, Shapes["Flat"][]>;

/** What answers have where the operator configured ways to other tools. */
interface Linked {
  links?: Link[];
}

export type Hotspot = Shapes["Hotspot"] & Linked;
export type HotspotDetail = Shapes["HotspotDetail"] & Linked;
export type HotspotList = Page<Shapes["Listed_HotspotList"]>;
export type Break = Shapes["Break"];
export type State = Shapes["State"];
export type Note = Shapes["Note"];
export type Role = Shapes["Role"];
export type Trace = Shapes["Trace"] & Linked;
export type TraceList = Page<Shapes["Listed_TraceList"]>;
export type Span = Shapes["Span"];
export type Waterfall = Shapes["Waterfall"];
export type BeforeAfter = Shapes["BeforeAfter"];
export type Replay = Shapes["Replay"];
export type Coverage = Shapes["Coverage"];
export type Status = Shapes["Status"];
export type Service = Shapes["Service"];
export type ServiceList = Page<Shapes["Listed_ServiceList"]>;
export type Operation = Shapes["Operation"];
export type OperationCall = Shapes["OperationCall"];
export type OperationList = Page<Shapes["Listed_OperationList"]>;
export type Dependency = Shapes["Dependency"];
export type DependencyList = Page<Shapes["Listed_DependencyList"]>;
export type ThirdPartyList = Page<Shapes["Listed_ThirdPartyList"]>;
export type NearMissList = Page<Shapes["Listed_NearMissList"]>;
export type DetectorList = Shapes["DetectorList"];
export type Audit = Shapes["Audit"];
export type Said = Shapes["Said"];
export type PathNanos = Shapes["PathNanos"];
export type TrendPoint = Shapes["TrendPoint"];
export type Comparison = Page<Shapes["Listed_Comparison"]>;
export type Side = Shapes["Side"];
export type Change = Shapes["Change"];
export type HotspotChange = Shapes["HotspotChange"];
export type Measure = Shapes["Measure"];
export type TraceComparison = Shapes["TraceComparison"];
export type TraceSide = Shapes["TraceSide"];
export type CallChange = Shapes["CallChange"];
export type CallSum = Shapes["CallSum"];
export type FindingChange = Shapes["FindingChange"];
export type Problem = Shapes["Problem"];
export type QueryPattern = Shapes["QueryPattern"];
export type Intervention = Shapes["Intervention"];
export type Bottleneck = Shapes["Bottleneck"];
export type VersionStart = Shapes["VersionStart"];
export type Bar = Shapes["Bar"];

/** Somewhere else to look, as the operator configured it. */
export interface Link {
  name: string;
  url: string;
}

/** A kind of process that sends spans of a service. Empty texts were not said. */
export interface Sender {
  version: string;
  environment: string;
  sdk: { language: string; name: string; version: string };
  distro: { name: string; version: string };
  transport: string;
  encoding: string;
  compression: string;
  local: boolean;
  batches: number;
  last_seen: string;
}
