//! One file a command. Each returns how it ended; the code is `exit`'s.

pub(crate) mod analyze;
pub(crate) mod audit;
pub(crate) mod detectors;
pub(crate) mod explain;
pub(crate) mod generate;
pub(crate) mod hotspots;
mod input;
pub(crate) mod mcp;
pub(crate) mod replay;
pub(crate) mod serve;
pub(crate) mod trace;

use crate::exit::Failure;
use hotspan_testkit::sender::SendError;

/// A small runtime for commands that talk to a receiver.
fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(future)
}

impl From<SendError> for Failure {
    fn from(error: SendError) -> Failure {
        match error {
            SendError::Unreachable { .. } => Failure::Unreachable(error.into()),
            SendError::Endpoint { .. } | SendError::Refused(_) => Failure::Input(error.into()),
        }
    }
}
