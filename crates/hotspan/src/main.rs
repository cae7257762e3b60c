//! The `hotspan` binary: arguments in, one command run, an exit code out.

mod arguments;
mod commands;
mod exit;
mod output;
mod progress;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return exit::usage(&error),
    };
    let outcome = match arguments.command {
        Command::Serve(arguments) => commands::serve::run(&arguments),
        Command::Analyze(arguments) => commands::analyze::run(&arguments),
        Command::Trace(arguments) => commands::trace::run(&arguments),
        Command::Hotspots(arguments) => commands::hotspots::run(&arguments),
        Command::Explain(arguments) => commands::explain::run(&arguments),
        Command::Audit(arguments) => commands::audit::run(&arguments),
        Command::Detectors(arguments) => commands::detectors::run(&arguments),
        Command::Gen(arguments) => commands::generate::run(&arguments),
        Command::Replay(arguments) => commands::replay::run(&arguments),
        Command::Mcp(arguments) => commands::mcp::run(&arguments),
    };
    exit::code(outcome)
}
