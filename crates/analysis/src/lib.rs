//! A trace to its findings: trees, critical path, what-if replay, detectors.

mod analyser;
mod context;
mod detectors;
mod explain;
mod few;
mod forest;
mod memo;
mod path;
mod replay;
mod report;
mod settings;
mod stopwatch;
mod timeline;

pub use analyser::{Analyser, AnalyserSettings, When};
pub use context::Context;
pub use detectors::{Detector, Findings, SHARED_KNOBS, catalogue, detectors};
pub use explain::{Limits, explain};
pub use forest::{Edge, Forest, Mark, Marks, NONE, Node};
pub use path::{Path, Segment};
pub use replay::{Edit, Outcome, Replay, Slack, WIDTH};
pub use report::Metered;
pub use settings::{Overflow, Settings, Tolerance};
