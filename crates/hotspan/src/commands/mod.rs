//! One file a command. Each returns how it ended; the code is `exit`'s.

pub(crate) mod analyze;
pub(crate) mod asking;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod capture;
pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod config;
pub(crate) mod describe;
pub(crate) mod detectors;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod generate;
pub(crate) mod hotspots;
mod input;
pub(crate) mod mcp;
pub(crate) mod probe;
mod reloads;
pub(crate) mod replay;
pub(crate) mod serve;
pub(crate) mod system;
pub(crate) mod token;
pub(crate) mod top;
pub(crate) mod trace;
pub(crate) mod traces;

pub(crate) use backup::BackupArguments;
pub(crate) use compare::CompareArguments;
pub(crate) use config::ConfigArguments;
pub(crate) use describe::{CompletionsArguments, ManArguments};
pub(crate) use detectors::DetectorsArguments;
pub(crate) use doctor::DoctorArguments;
pub(crate) use explain::ExplainArguments;
pub(crate) use hotspots::HotspotsArguments;
pub(crate) use probe::ProbeArguments;
pub(crate) use system::SystemArguments;
pub(crate) use token::TokenArguments;
pub(crate) use top::TopArguments;
pub(crate) use traces::TracesArguments;

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
