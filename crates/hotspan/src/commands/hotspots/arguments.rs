//! What `hotspots` may be told.

use clap::{Args, Subcommand};

use super::super::asking::Asking;
use crate::client::Asked;

/// Rows that are shown when nobody says how many.
const LIMIT: u32 = 20;

/// Flags of `hotspots`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hotspan hotspots
  hotspan hotspots --service orders -o json
  hotspan hotspots --state muted
  hotspan hotspots -o csv --limit 1000 > hotspots.csv
  hotspan hotspots show 5f0c6d1e              the fault, its cost, what proves it, the fix
  hotspan hotspots ack 5f0c6d1e --reason 'replaced in June' --until 30d
  hotspan hotspots mute 5f0c6d1e --reason 'load test' --until 2h
  hotspan hotspots reopen 5f0c6d1e

The first digits of an id are enough, at least four. Exit codes: 0 answered, 2 usage or refused,
3 no such hotspot or service, 4 no daemon answers.")]
pub(crate) struct HotspotsArguments {
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
    #[command(flatten)]
    pub(crate) asking: Asking,
    #[command(flatten)]
    pub(crate) wanted: Wanted,
}

/// What is done with hotspots.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// The ranked list; this is what `hotspots` alone does
    #[command(after_help = "Examples:
  hotspan hotspots list --service orders --sort impact
  hotspan hotspots list --since 1h -o wide")]
    List(Wanted),
    /// One hotspot: what it costs, how sure that is, the traces that prove it, the fix
    #[command(after_help = "Examples:
  hotspan hotspots show 5f0c6d1e
  hotspan hotspots show 5f0c6d1e -o wide      every span of its exemplars
  hotspan hotspots show 5f0c6d1e -o md        for an issue

Exit codes: 0 answered, 2 usage, 3 no such hotspot, 4 no daemon answers.")]
    Show {
        /// Which hotspot: its id, or at least four first digits of it
        id: String,
    },
    /// Accept a hotspot: it stays listed and calls for nothing, until it costs twice as much
    #[command(after_help = "Examples:
  hotspan hotspots ack 5f0c6d1e --reason 'replaced in June' --until 30d")]
    Ack(SayingArguments),
    /// Silence a hotspot until a time
    #[command(after_help = "Examples:
  hotspan hotspots mute 5f0c6d1e --reason 'load test' --until 2h")]
    Mute(SayingArguments),
    /// Take back that a hotspot is acknowledged or muted
    #[command(after_help = "Examples:
  hotspan hotspots reopen 5f0c6d1e")]
    Reopen(SayingArguments),
}

/// Which hotspots are listed, in which order.
#[derive(Clone, Debug, Args)]
pub(crate) struct Wanted {
    /// Only of this service; repeat for alternatives
    #[arg(long)]
    pub(crate) service: Vec<String>,
    /// Only of traces that enter by this root operation; repeat for alternatives
    #[arg(long, value_name = "OPERATION")]
    pub(crate) entry: Vec<String>,
    /// Only by this detector; repeat for alternatives
    #[arg(long)]
    pub(crate) detector: Vec<String>,
    /// Only of this break: database, synchronous, observability, seams
    #[arg(long = "break", value_name = "BREAK")]
    pub(crate) in_break: Vec<String>,
    /// Only in this state; muted ones are listed only when asked for
    #[arg(long)]
    pub(crate) state: Vec<String>,
    /// Leave out those below this confidence [default: 0.4]
    #[arg(long, value_name = "X")]
    pub(crate) min_confidence: Option<String>,
    /// Only those seen since then: RFC 3339, Unix seconds, or ago like 1h
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
    /// In which order: priority, impact, last_seen [default: priority]
    #[arg(long, value_name = "ORDER")]
    pub(crate) sort: Option<String>,
    /// At most so many [default: 20]
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u32>,
}

impl Wanted {
    /// Names and values as the API has them.
    pub(crate) fn asked(&self) -> Asked {
        let mut asked = Asked::new();
        for (name, values) in [
            ("service", &self.service),
            ("entry", &self.entry),
            ("detector", &self.detector),
            ("break", &self.in_break),
            ("state", &self.state),
        ] {
            asked.extend(values.iter().map(|value| (name, value.clone())));
        }
        for (name, value) in [
            ("min_confidence", &self.min_confidence),
            ("since", &self.since),
            ("sort", &self.sort),
        ] {
            asked.extend(value.iter().map(|value| (name, value.clone())));
        }
        asked.push(("limit", self.limit.unwrap_or(LIMIT).to_string()));
        asked
    }

    /// What was said before the verb and what was said after it.
    pub(crate) fn and(&self, other: &Wanted) -> Wanted {
        let both = |one: &[String], two: &[String]| [one, two].concat();
        let last = |one: &Option<String>, two: &Option<String>| two.clone().or_else(|| one.clone());
        Wanted {
            service: both(&self.service, &other.service),
            entry: both(&self.entry, &other.entry),
            detector: both(&self.detector, &other.detector),
            in_break: both(&self.in_break, &other.in_break),
            state: both(&self.state, &other.state),
            min_confidence: last(&self.min_confidence, &other.min_confidence),
            since: last(&self.since, &other.since),
            sort: last(&self.sort, &other.sort),
            limit: other.limit.or(self.limit),
        }
    }
}

/// Flags of `hotspots ack`, `mute` and `reopen`.
#[derive(Debug, Args)]
pub(crate) struct SayingArguments {
    /// Which hotspot: its id, or at least four first digits of it
    pub(crate) id: String,
    /// Why; needed to acknowledge and to mute
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// Who says so
    #[arg(long, value_name = "NAME", env = "USER")]
    pub(crate) by: Option<String>,
    /// When it ends: RFC 3339, Unix seconds, or from now like 2h, 7d; needed to mute
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<String>,
}
