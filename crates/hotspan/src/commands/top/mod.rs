//! `hotspan top`: the ranked hotspots of a running daemon, live in the terminal.
//!
//! What is shown is a pure function of answers, keys and size ([`state`], [`draw`]); only this file and [`feed`] touch
//! the terminal, the clock and the daemon.

mod draw;
mod feed;
mod state;
#[cfg(test)]
mod tests;

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use clap::Args;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyEventKind};

use super::asking::Address;
use crate::exit::Failure;
use feed::{Feed, News};
use state::State;

/// How long a key may wait to be seen, and how often the age of what is shown moves on.
const TICK: Duration = Duration::from_millis(100);

/// Flags of `top`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hotspan top
  hotspan top --url http://10.0.0.7:4319
  hotspan top --service orders

Keys: j k g G move, Enter shows one, Esc goes back, / filters, ? helps, q ends. Exit codes:
0 ended, 2 usage or no terminal, 4 no daemon answers.")]
pub(crate) struct TopArguments {
    #[command(flatten)]
    address: Address,
    /// Only of this service; repeat for alternatives
    #[arg(long)]
    service: Vec<String>,
    /// Only by this detector; repeat for alternatives
    #[arg(long)]
    detector: Vec<String>,
    /// Seconds from one answer to the next, at most 3600
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
}

pub(crate) fn run(arguments: &TopArguments, colours: bool) -> Result<(), Failure> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Failure::Input(anyhow!(
            "top needs a terminal; hotspan hotspots prints the same list"
        )));
    }
    let mut asked = vec![("limit", feed::LIMIT.to_owned())];
    asked.extend(arguments.service.iter().map(|value| ("service", value.clone())));
    asked.extend(arguments.detector.iter().map(|value| ("detector", value.clone())));
    let client = arguments.address.client()?;
    let every = Duration::from_secs(arguments.every);
    let mut state = State::new(client.base(), every, colours);
    // Without a first answer there is nothing to show, and the exit code tells why.
    state.answered(Ok(client.json(feed::PATH, &asked)?), Duration::ZERO);
    let feed = Feed::start(client, asked, every)?;
    // Its hook gives the terminal back on a panic, too.
    let mut terminal = ratatui::try_init()?;
    let ended = watch(&mut terminal, &mut state, &feed);
    ratatui::restore();
    Ok(ended?)
}

fn watch(terminal: &mut DefaultTerminal, state: &mut State, feed: &Feed) -> std::io::Result<()> {
    let start = Instant::now();
    while !state.is_over() {
        terminal.draw(|frame| draw::all(frame, state, start.elapsed()))?;
        if event::poll(TICK)?
            && let Event::Key(key) = event::read()?
            && key.kind != KeyEventKind::Release
        {
            state.key(key);
        }
        while let Some(news) = feed.poll() {
            match news {
                News::Answer(answer) => state.answered(answer, start.elapsed()),
                News::Signal => state.end(),
            }
        }
    }
    Ok(())
}
