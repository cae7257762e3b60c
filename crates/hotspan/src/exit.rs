//! Exit codes: 0 clean, 1 findings matched, 2 usage or input, 3 no data, 4 unreachable.

use std::fmt;
use std::process::ExitCode;

/// How a command ends when it does not end well.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was looked for is there: `--fail-on` matched, `doctor` found something to mend.
    Matched,
    /// Usage, configuration, a port in use, an unreadable file, an unknown kind.
    Input(anyhow::Error),
    /// Everything was read and nothing was usable: never green on silence.
    NoData(String),
    /// The daemon or endpoint does not answer.
    Unreachable(anyhow::Error),
    /// The command that was watched failed with this code, which says more than ours.
    Command(u8),
    /// Whoever read our output went away.
    ClosedPipe,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Input(error) | Failure::Unreachable(error) => write!(f, "{error:#}"),
            Failure::NoData(why) => f.write_str(why),
            Failure::Matched => f.write_str("found"),
            Failure::Command(code) => write!(f, "the command failed with {code}"),
            Failure::ClosedPipe => f.write_str("nobody reads the output"),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        let broken = error
            .chain()
            .filter_map(|cause| cause.downcast_ref::<std::io::Error>());
        match broken
            .map(std::io::Error::kind)
            .any(|kind| kind == std::io::ErrorKind::BrokenPipe)
        {
            true => Failure::ClosedPipe,
            false => Failure::Input(error),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        anyhow::Error::from(error).into()
    }
}

/// Says what went wrong on stderr and gives the code.
pub(crate) fn code(outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Matched) => ExitCode::from(1),
        Err(Failure::Input(error)) => say(&error, 2),
        Err(Failure::NoData(why)) => say(&anyhow::anyhow!(why), 3),
        Err(Failure::Unreachable(error)) => say(&error, 4),
        Err(failure @ Failure::Command(code)) => say(&anyhow::anyhow!("{failure}"), code),
        Err(Failure::ClosedPipe) => ExitCode::from(141),
    }
}

/// What clap has to say: help goes to stdout with 0, errors to stderr with 2.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    match (error.use_stderr(), error.print()) {
        (false, Ok(())) => ExitCode::SUCCESS,
        (false, Err(broken)) => code(Err(broken.into())),
        (true, _) => ExitCode::from(2),
    }
}

fn say(error: &anyhow::Error, code: u8) -> ExitCode {
    eprintln!("hotspan: {error:#}");
    ExitCode::from(code)
}
