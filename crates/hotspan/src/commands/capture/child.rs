//! The command that is watched: its own input and output, signals passed on to it, and how it ended.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::environment::Variable;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// Its exit code, or 128 and the signal that ended it.
    pub(super) code: u8,
    /// Somebody asked for the end.
    pub(super) is_interrupted: bool,
}

/// Runs the command to its end.
pub(super) async fn run(command: &[OsString], variables: &[Variable]) -> Result<Ended> {
    let (program, arguments) = command.split_first().context("no command")?;
    let mut prepared = Command::new(program);
    prepared.args(arguments);
    for (name, value) in variables {
        match value {
            Some(value) => prepared.env(name, value),
            None => prepared.env_remove(name),
        };
    }
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut child = prepared
        .spawn()
        .with_context(|| format!("{} cannot be run", program.to_string_lossy()))?;
    // A terminal sends Ctrl-C to the command as well; twice would end what wants to end in peace.
    let is_heard = std::io::stdin().is_terminal();
    let mut is_interrupted = false;
    loop {
        let passed = tokio::select! {
            ended = child.wait() => {
                let code = code(ended?);
                return Ok(Ended { code, is_interrupted });
            }
            _ = interrupt.recv() => (!is_heard).then_some(Signal::INT),
            _ = terminate.recv() => Some(Signal::TERM),
            _ = hang_up.recv() => Some(Signal::HUP),
        };
        is_interrupted = true;
        if let Some(signal) = passed {
            pass(&child, signal);
        }
    }
}

fn pass(child: &Child, signal: Signal) {
    let pid = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    if let Some(Err(error)) = pid.map(|pid| kill_process(pid, signal)) {
        eprintln!("hotspan: the command got no {signal:?}: {error}");
    }
}

fn code(status: ExitStatus) -> u8 {
    let signal = status.signal().map(|signal| 128 + signal);
    let code = status.code().or(signal).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
