//! The `hotspan` binary: arguments in, one command run, an exit code out.

mod arguments;
mod client;
mod commands;
mod defaults;
mod exit;
mod output;
mod progress;
mod service_manager;
mod showing;
mod state_directory;
mod waterfall;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::{CommandFactory as _, FromArgMatches as _};
use commands::system::Noun;
use output::Paint;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command = match defaults::with_file(Arguments::command()) {
        Ok(command) => command,
        Err(error) => return exit::code(Err(exit::Failure::Input(error))),
    };
    let matches = command.try_get_matches();
    let arguments = match matches.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(error) => return exit::usage(&error),
    };
    let paint = Paint::new(arguments.color);
    let outcome = match arguments.command {
        Command::Serve(arguments) => commands::serve::run(&arguments),
        Command::Analyze(arguments) => commands::analyze::run(&arguments),
        Command::Trace(arguments) => commands::trace::run(&arguments, paint),
        Command::Hotspots(arguments) => commands::hotspots::run(&arguments, paint),
        Command::Traces(arguments) => commands::traces::run(&arguments, paint),
        Command::Services(arguments) => commands::system::run(Noun::Services, &arguments, paint),
        Command::Operations(arguments) => commands::system::run(Noun::Operations, &arguments, paint),
        Command::Dependencies(arguments) => commands::system::run(Noun::Dependencies, &arguments, paint),
        Command::ThirdParties(arguments) => commands::system::run(Noun::ThirdParties, &arguments, paint),
        Command::Compare(arguments) => commands::compare::run(&arguments, paint),
        Command::Capture(arguments) => commands::capture::run(&arguments),
        Command::Check(arguments) => commands::check::run(&arguments),
        Command::Explain(arguments) => commands::explain::run(&arguments, paint),
        Command::Audit(arguments) => commands::audit::run(&arguments),
        Command::Top(arguments) => commands::top::run(&arguments, paint.colours()),
        Command::Doctor(arguments) => commands::doctor::run(&arguments, paint),
        Command::Detectors(arguments) => commands::detectors::run(&arguments, paint),
        Command::Config(arguments) => commands::config::run(arguments),
        Command::Gen(arguments) => commands::generate::run(&arguments),
        Command::Replay(arguments) => commands::replay::run(&arguments),
        Command::Probe(arguments) => commands::probe::run(&arguments),
        Command::Backup(arguments) => commands::backup::run(&arguments),
        Command::Completions(arguments) => commands::describe::completions(&arguments),
        Command::Man(arguments) => commands::describe::man(&arguments),
        Command::Token(arguments) => commands::token::run(&arguments),
        Command::Mcp(arguments) => commands::mcp::run(&arguments),
    };
    exit::code(outcome)
}
