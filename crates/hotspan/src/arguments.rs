//! What the command line may say.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{
    Arg, ArgAction, ArgMatches, Args, Command as Clap, FromArgMatches, Parser, Subcommand, ValueEnum,
};
use hotspan_daemon::{Config, KEYS, Layers, Origin};
use hotspan_model::Tuning;

use crate::commands::asking::Address;
use crate::commands::capture::CaptureArguments;
use crate::commands::check::CheckArguments;
use crate::commands::{
    BackupArguments, CompareArguments, CompletionsArguments, ConfigArguments, DetectorsArguments,
    DoctorArguments, ExplainArguments, HotspotsArguments, ManArguments, ProbeArguments, SystemArguments,
    TokenArguments, TopArguments, TracesArguments,
};
use crate::output::ColorChoice;
use crate::showing::Showing;

/// Finds the structural faults of a backend in its own traces, and what each costs.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// When answers have colours
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        env = "HOTSPAN_COLOR",
        default_value = "auto",
        global = true
    )]
    pub(crate) color: ColorChoice,
}

const EXAMPLES: &str = "Examples:
  hotspan serve --demo                        a daemon that feeds itself a shop with known faults
  hotspan hotspots                            what the daemon found, by priority
  hotspan analyze traces.jsonl                the same for recorded files
  hotspan capture -- pytest                   fail a build for what its tests' traces show
  hotspan trace --all traces.jsonl            single traces: waterfall, critical path, findings";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Receive OTLP and answer: the daemon
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(ServeArguments),
    /// Find the hotspots of recorded files
    Analyze(AnalyzeArguments),
    /// Fail a build for what its traces show: new or worse findings, budgets
    Check(Box<CheckArguments>),
    /// Run a test suite, record the traces it exports, and gate them
    Capture(Box<CaptureArguments>),
    /// Show single traces of recorded files: waterfall, critical path, findings
    Trace(TraceArguments),
    /// The hotspots of a running daemon: list or show them; acknowledge, mute or reopen one
    Hotspots(Box<HotspotsArguments>),
    /// The traces that a running daemon holds as evidence: list or show them
    Traces(TracesArguments),
    /// The services of a running daemon, and how they hang together
    Services(SystemArguments),
    /// What each service does for each kind of request
    Operations(SystemArguments),
    /// Who calls whom
    Dependencies(SystemArguments),
    /// The companies that are called
    ThirdParties(SystemArguments),
    /// Two windows, versions or traces of a running daemon side by side: what appeared, went, grew
    Compare(CompareArguments),
    /// Why a running daemon says no more about an operation: what each rule lacks there
    Explain(ExplainArguments),
    /// The system of a running daemon on one page: what to change first, and why
    Audit(AuditArguments),
    /// The ranked hotspots of a running daemon, live in the terminal
    Top(TopArguments),
    /// Is data arriving, from whom, what is missing, and which settings to change
    Doctor(DoctorArguments),
    /// List the detectors: what they look for, their efforts and thresholds
    Detectors(DetectorsArguments),
    /// Check or print the configuration that `serve` would run with
    #[command(subcommand)]
    Config(ConfigArguments),
    /// Make tokens for a daemon that asks for them
    #[command(subcommand)]
    Token(TokenArguments),
    /// Write or send traces with known answers
    Gen(GenArguments),
    /// Send a recorded file over real OTLP
    Replay(ReplayArguments),
    /// Send a known request to a running daemon and check what it says of it
    Probe(ProbeArguments),
    /// Copy what a daemon keeps into one file, also while it runs
    Backup(BackupArguments),
    /// Let an agent ask a running daemon over standard input and output (Model Context Protocol)
    Mcp(McpArguments),
    /// Print a script that lets a shell complete the commands
    Completions(CompletionsArguments),
    /// Print the manual, or write its pages
    Man(ManArguments),
}

/// Flags of `serve`: one for each key of the configuration.
pub(crate) struct ServeArguments {
    /// Values given as flags, by key.
    pub(crate) flags: Vec<(&'static str, String)>,
    /// A TOML file.
    pub(crate) config: Option<PathBuf>,
}

const SERVE_EXAMPLES: &str =
    "Every flag is also a variable (--otlp-grpc: HOTSPAN_OTLP_GRPC) and a key of the file
(otlp_grpc = \"127.0.0.1:4317\"). Flags win over variables over the file.

Examples:
  hotspan serve                               receive on 4317 and 4318, answer on 4319
  hotspan serve --demo                        see hotspots within 30 seconds
  hotspan serve --config hotspan.toml --memory 512MiB";

impl std::fmt::Debug for ServeArguments {
    /// Without the values, some of which are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.flags.iter().map(|(key, _)| key))
            .finish()
    }
}

impl Args for ServeArguments {
    fn augment_args(command: Clap) -> Clap {
        let config = Arg::new("config")
            .long("config")
            .value_name("FILE")
            .env("HOTSPAN_CONFIG");
        let command = command.arg(config.help("Read keys from a TOML file"));
        KEYS.iter().fold(command, |command, key| {
            let help = match key.default {
                "" | "false" => key.help.to_owned(),
                default => format!("{} [default: {default}]", key.help),
            };
            let arg = Arg::new(key.name).long(key.flag()).help(help);
            command.arg(match key.is_switch() {
                true => arg.action(ArgAction::SetTrue),
                false => arg.value_name(key.value),
            })
        })
    }

    fn augment_args_for_update(command: Clap) -> Clap {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ServeArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let value = |key: &hotspan_daemon::Key| match key.is_switch() {
            true => matches.get_flag(key.name).then(|| "true".to_owned()),
            false => matches.get_one::<String>(key.name).cloned(),
        };
        let flags = KEYS
            .iter()
            .filter_map(|key| Some((key.name, value(key)?)))
            .collect();
        Ok(ServeArguments {
            flags,
            config: matches.get_one::<String>("config").map(PathBuf::from),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl ServeArguments {
    /// Flags over environment over file.
    pub(crate) fn layers(&self) -> anyhow::Result<Layers> {
        let mut layers = layers(self.config.as_deref())?;
        for (key, value) in &self.flags {
            layers.set(Origin::Flag, key, value);
        }
        Ok(layers)
    }
}

/// Environment over file.
pub(crate) fn layers(config: Option<&Path>) -> anyhow::Result<Layers> {
    let mut layers = file(config)?;
    layers.set_environment(
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
    );
    Ok(layers)
}

/// The keys of a TOML file.
fn file(path: Option<&Path>) -> anyhow::Result<Layers> {
    let mut layers = Layers::default();
    if let Some(path) = path {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("config file {}", path.display()))?;
        layers.set_toml(&text);
    }
    Ok(layers)
}

/// The thresholds and efforts of a TOML file, all of which must be right.
pub(crate) fn tuning(path: Option<&Path>) -> anyhow::Result<Tuning> {
    Ok(Config::read(&file(path)?)?.tuning)
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// For programs: the shapes of the API
    Json,
}

/// How the answer about recorded files is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnalyzeFormat {
    /// For people: the hotspots
    Table,
    /// For programs: the shapes of the API
    Json,
    /// The audit as Markdown
    Md,
    /// The audit as one HTML file
    Html,
}

/// How the audit is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuditFormat {
    /// Markdown
    Md,
    /// For programs: the shape of the API
    Json,
    /// One HTML file that needs nothing beside it
    Html,
}

/// How a trace is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TraceFormat {
    /// For people
    Text,
    /// For programs: the shapes of the API
    Json,
}

/// Flags of `analyze`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hotspan analyze traces.jsonl
  hotspan analyze -o json recorded/ > hotspots.json
  hotspan analyze -o html recorded/ > audit.html
  zstd -dc traces.otlp.zst | hotspan analyze --fail-on any -

Kinds are sniffed: OTLP/JSON one request a line, OTLP protobuf requests each prefixed with its
length, each also as gzip or zstd. Exit codes: 0 clean, 1 --fail-on matched, 2 unreadable or
unknown kind, 3 nothing usable.")]
pub(crate) struct AnalyzeArguments {
    /// Files, folders, or - for standard input; the log of a daemon with ack=wal, or a segment of it, alone
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// How the answer is written
    #[arg(short, long, value_enum, default_value = "table")]
    pub(crate) output: AnalyzeFormat,
    /// Leave out hotspots below this confidence
    #[arg(long, value_name = "X", default_value = "0.4", value_parser = share)]
    pub(crate) min_confidence: hotspan_model::Millionths,
    /// Use the thresholds and efforts of a TOML file
    #[arg(long, value_name = "FILE", env = "HOTSPAN_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Exit with 1 when there is any hotspot, or one of this detector
    #[arg(long, value_name = "any|DETECTOR")]
    pub(crate) fail_on: Option<String>,
    /// Go on behind damage in the log of a daemon, without the records that cannot be read
    #[arg(long)]
    pub(crate) skip_corrupt: bool,
    /// Key of the parameter hashes, 32 hex digits; the answer is the same under every key
    #[arg(long, value_name = "HEX", hide = true)]
    pub(crate) parameter_key: Option<String>,
}

/// Flags of `trace`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hotspan trace --id 5b8efff798038103d269b633813fc60c traces.jsonl
  hotspan trace --all -o json traces.jsonl | jq .critical_path
  hotspan trace --all --explain traces.jsonl      why the other rules did not speak
  hotspan trace --all --overflow clip --tolerance 0 traces.jsonl     as Jaeger UI would draw it")]
pub(crate) struct TraceArguments {
    /// Files, folders, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Show this trace
    #[arg(
        long,
        value_name = "TRACE_ID",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    pub(crate) id: Option<String>,
    /// Show every trace; with -o json one a line
    #[arg(long)]
    pub(crate) all: bool,
    /// How the answer is written
    #[arg(short, long, value_enum, default_value = "text")]
    pub(crate) output: TraceFormat,
    /// Tell for each rule that did not speak what stopped it, with its values
    #[arg(long)]
    pub(crate) explain: bool,
    /// Use the thresholds of a TOML file
    #[arg(long, value_name = "FILE", env = "HOTSPAN_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// What becomes of a child that outlives its parent: auto, clip, detach
    #[arg(long, default_value = "auto", value_parser = ["auto", "clip", "detach"])]
    pub(crate) overflow: String,
    /// Overlap that siblings may have: auto, nanoseconds, or a share of the parent like 1%
    #[arg(long, default_value = "auto")]
    pub(crate) tolerance: String,
}

/// Flags of `audit`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hotspan audit
  hotspan audit -o html > audit.html
  hotspan audit --url http://10.0.0.7:4319 -o json | jq .interventions

Exit codes: 0 answered, 2 usage, 4 no daemon answers.")]
pub(crate) struct AuditArguments {
    #[command(flatten)]
    pub(crate) address: Address,
    /// How the answer is written
    #[arg(short, long, value_enum, default_value = "md")]
    pub(crate) output: AuditFormat,
}

/// Flags of `mcp`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  claude mcp add hotspan -- hotspan mcp
  hotspan mcp --url http://10.0.0.7:4319

Reads JSON-RPC messages, one a line, until standard input ends; exit code 0. An agent that
speaks streamable HTTP needs no such process: it asks http://127.0.0.1:4319/mcp itself.")]
pub(crate) struct McpArguments {
    /// Where the daemon answers
    #[arg(
        long,
        env = "HOTSPAN_URL",
        default_value = "http://127.0.0.1:4319",
        visible_alias = "address"
    )]
    pub(crate) url: String,
    #[command(flatten)]
    pub(crate) showing: Showing,
}

/// Flags of `gen`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hotspan gen --scenario all --traces 100 --seed 1 -o traces.otlp --truth truth.jsonl
  hotspan gen --scenario demo --traces 1000 --to http://127.0.0.1:4317 --rate 50")]
pub(crate) struct GenArguments {
    /// Which scenario, or all
    #[arg(long, default_value = "all")]
    pub(crate) scenario: String,
    /// How many traces
    #[arg(long, default_value_t = 100)]
    pub(crate) traces: u64,
    /// Same seed, same traces
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Write length-prefixed OTLP requests here; - for standard output
    #[arg(
        short,
        long,
        value_name = "FILE",
        required_unless_present = "to",
        conflicts_with = "to"
    )]
    pub(crate) output: Option<PathBuf>,
    /// Send over OTLP/gRPC instead
    #[arg(long, value_name = "ENDPOINT")]
    pub(crate) to: Option<String>,
    /// Requests a second when sending; 0 for as fast as it goes
    #[arg(long, default_value_t = 0)]
    pub(crate) rate: u32,
    /// Write the known answers here, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub(crate) truth: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) showing: Showing,
}

/// Flags of `replay`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hotspan replay recorded.otlp.zst --to http://127.0.0.1:4317
  hotspan replay recorded.otlp.zst --to http://127.0.0.1:4317 --shift-to-now --rate 20")]
pub(crate) struct ReplayArguments {
    /// A recorded file, a folder, or - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) path: PathBuf,
    /// Where OTLP/gRPC is received
    #[arg(long, value_name = "ENDPOINT", default_value = "http://127.0.0.1:4317")]
    pub(crate) to: String,
    /// Move all times so that the last span ends now
    #[arg(long)]
    pub(crate) shift_to_now: bool,
    #[command(flatten)]
    pub(crate) showing: Showing,
    /// Requests a second; 0 for as fast as it goes
    #[arg(long, default_value_t = 0)]
    pub(crate) rate: u32,
}

/// A number from 0 to 1 with at most six decimals, in millionths.
pub(crate) fn share(text: &str) -> Result<hotspan_model::Millionths, String> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = part.len() <= 6 && part.bytes().all(|byte| byte.is_ascii_digit());
    let value = digits
        .then(|| format!("{whole}{part:0<6}").parse::<u64>().ok())
        .flatten();
    match value {
        Some(value) if value <= hotspan_model::MILLION => Ok(hotspan_model::Millionths(value)),
        _ => Err("not a number from 0 to 1".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_help_has_examples_that_fit_a_terminal() {
        let mut commands = vec![Arguments::command()];
        while let Some(mut command) = commands.pop() {
            let help = command.render_long_help().to_string();
            let examples = help
                .split_once("Examples:\n")
                .map_or("", |(_, examples)| examples);
            assert!(
                examples.contains("  hotspan "),
                "{} has no examples",
                command.get_name()
            );
            let after = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            let broken: Vec<&str> = after.lines().filter(|line| line.chars().count() > 100).collect();
            assert!(broken.is_empty(), "{}: {broken:?}", command.get_name());
            let own = command.get_subcommands().filter(|of| of.get_name() != "help");
            commands.extend(own.cloned());
        }
    }

    #[test]
    fn variables_of_any_command_do_not_stop_serve() {
        let mut commands = vec![Arguments::command()];
        while let Some(command) = commands.pop() {
            for variable in command.get_arguments().filter_map(Arg::get_env) {
                let mut layers = Layers::default();
                let name = variable.to_string_lossy().into_owned();
                layers.set_environment([(name.clone(), "x".to_owned())].into_iter());
                let read = Config::read(&layers).map_err(|errors| errors.to_string());
                let unknown = read.is_err_and(|errors| errors.contains("no such key"));
                assert!(!unknown, "{name} of {} is no key of serve", command.get_name());
            }
            commands.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn shares_read_without_floats() {
        assert_eq!(share("0.4"), Ok(hotspan_model::Millionths(400_000)));
        assert_eq!(share("1"), Ok(hotspan_model::Millionths(1_000_000)));
        assert!(share("1.1").is_err() && share("-0.1").is_err() && share("x").is_err());
    }
}
