//! What `hotspan capture` may be told; the gate is `check`'s.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use hotspan_daemon::{bytes, duration};

use crate::commands::check::GateArguments;

const EXAMPLES: &str = "Examples:
  hotspan capture -- opentelemetry-instrument pytest
  hotspan capture --out traces.pb --baseline hotspan.json --update-baseline -- npm test
  hotspan capture --baseline hotspan.json --max-db-calls 20 --report md=comment.md -- ./run-tests
  hotspan check traces.pb                      the same traces again, without running anything

The command gets OTEL_TRACES_EXPORTER=otlp and an OTEL_EXPORTER_OTLP_ENDPOINT that takes gRPC and
HTTP; every trace is kept. What it needs is an OpenTelemetry SDK that reads these variables
(docs/ci.md). Exit codes: the command's own when it fails (128 and the signal that ended it), else
those of hotspan check.";

/// Flags of `capture`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CaptureArguments {
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(super) command: Vec<OsString>,
    /// Keep what the command exports here, for hotspan check, analyze and trace
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Largest recording; what comes beyond it is left out, and then the gate is not green
    #[arg(long, value_name = "BYTES", default_value = "1GiB", value_parser = bytes)]
    pub(super) max_bytes: u64,
    /// When the command has ended, wait until nothing came for so long
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = duration)]
    pub(super) wait_idle: Duration,
    /// The gate.
    #[command(flatten)]
    pub(super) gate: GateArguments,
}
