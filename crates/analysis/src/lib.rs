//! A trace to its findings: trees, critical path, what-if replay, detectors.

mod explain;
mod forest;
mod path;
mod replay;
mod settings;

pub use explain::{Limits, explain};
pub use forest::{Edge, Forest, Mark, Marks, NONE, Node};
pub use path::{Path, Segment};
pub use replay::{Edit, Outcome, Replay, Slack, WIDTH};
pub use settings::{Overflow, Settings, Tolerance};
