// The shapes of the API under short names.
import type { components } from "./schema";

type Shapes = components["schemas"];
type Page<L> = Exclude<L, Shapes["Flat"][]>;

export type Hotspot = Shapes["Hotspot"];
export type HotspotDetail = Shapes["HotspotDetail"];
export type HotspotList = Page<Shapes["Listed_HotspotList"]>;
export type Break = Shapes["Break"];
export type State = Shapes["State"];
export type Note = Shapes["Note"];
export type Role = Shapes["Role"];
export type Trace = Shapes["Trace"];
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
export type Problem = Shapes["Problem"];
export type QueryPattern = Shapes["QueryPattern"];
export type Intervention = Shapes["Intervention"];
export type Bottleneck = Shapes["Bottleneck"];
