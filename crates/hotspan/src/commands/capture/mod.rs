//! `hotspan capture -- COMMAND`: runs a test suite, records what it exports, and gates it.

mod arguments;
mod child;
mod environment;
mod receiver;
mod recorder;

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::check::{Evidence, Gate, recording};
use crate::exit::Failure;

pub(crate) use arguments::CaptureArguments;

use child::Ended;
use receiver::{Received, Receiver};

pub(crate) fn run(arguments: &CaptureArguments) -> Result<(), Failure> {
    // What is wrong with the gate is said before minutes of tests, not after.
    let gate = Gate::new(&arguments.gate)?;
    let file = Kept::new(arguments.out.as_deref());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(2)
        .build()?;
    let (ended, received) = runtime.block_on(watched(arguments, &file.path))?;
    if ended.is_interrupted && ended.code != 0 {
        // Whoever breaks off wants no verdict.
        return Err(Failure::Command(ended.code));
    }
    let (evidence, code) = (evidence(arguments, &file, ended, &received)?, ended.code);
    let outcome = gate.judge(evidence);
    match (code, outcome) {
        (0, outcome) => outcome,
        (_, Err(error @ (Failure::Input(_) | Failure::Unreachable(_)))) => Err(error),
        (code, _) => Err(Failure::Command(code)),
    }
}

/// Runs the command beside a receiver until both are done.
async fn watched(arguments: &CaptureArguments, path: &Path) -> Result<(Ended, Received)> {
    let receiver = Receiver::start(path, arguments.max_bytes).await?;
    let endpoint = receiver.endpoint();
    let own = |name: &str| std::env::var(name).ok();
    let variables = environment::variables(&endpoint, &arguments.command, own);
    if let Some((_, Some(name))) = variables.iter().find(|(of, _)| *of == environment::SERVICE) {
        eprintln!(
            "hotspan: {} is not set, so the service is called {name} where the program does not name it; the name is \
             part of every fingerprint",
            environment::SERVICE
        );
    }
    let ended = child::run(&arguments.command, &variables).await?;
    receiver.idle(arguments.wait_idle).await;
    let received = receiver.stop().await?;
    if received.is_silent() {
        eprintln!("{}", environment::hint(&endpoint));
        if !received.other_signals.is_empty() {
            eprintln!("  It did send {}.", received.other_signals.join(" and "));
        }
    }
    Ok((ended, received))
}

/// What the recording says, as `check` would read it again, and what is not in it.
fn evidence(
    arguments: &CaptureArguments,
    file: &Kept,
    ended: Ended,
    received: &Received,
) -> Result<Evidence> {
    let of = &received.recorded;
    let mut evidence = match of.requests {
        0 => Evidence::default(),
        _ => recording(&file.path, &arguments.gate)?,
    };
    let limit = arguments.max_bytes;
    let beyond = format!("the recording is full at {limit} bytes (--max-bytes)");
    let lost = [
        (of.beyond, "requests are left out: ", beyond.as_str()),
        (of.unwritable, "requests cannot be recorded", ""),
    ];
    let lost = lost.into_iter().filter(|(count, ..)| *count > 0);
    evidence
        .lost
        .extend(lost.map(|(count, what, why)| format!("{count} {what}{why}")));
    evidence.lost.extend_from_slice(&received.refused);
    if ended.is_interrupted {
        evidence.lost.push("the command was interrupted".to_owned());
    }
    if ended.code != 0 {
        evidence
            .lost
            .push(format!("the command failed with {}", ended.code));
    }
    if file.is_asked_for {
        eprintln!(
            "hotspan: {} requests of {} bytes are in {}",
            of.requests,
            of.bytes,
            file.path.display()
        );
    }
    Ok(evidence)
}

/// The file of the recording; it is removed in the end unless it was asked for.
struct Kept {
    path: PathBuf,
    is_asked_for: bool,
}

impl Kept {
    fn new(asked: Option<&Path>) -> Kept {
        let name = format!(
            "hotspan-capture-{}-{:08x}.pb",
            std::process::id(),
            rand::random::<u32>()
        );
        Kept {
            path: asked.map_or_else(|| std::env::temp_dir().join(name), Path::to_path_buf),
            is_asked_for: asked.is_some(),
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if !self.is_asked_for {
            // What is gone already needs no removal.
            drop(std::fs::remove_file(&self.path));
        }
    }
}
