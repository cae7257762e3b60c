//! What the view knows: the last answer, what is chosen, what is typed. Keys and answers change it; nothing else does.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::Value;

use crate::output::{at, number, text};

/// Most letters of a filter.
const FILTER_MAX: usize = 64;
/// Rows of a leap.
const LEAP: usize = 10;
/// Answers that may fail to come before somebody is told, and what a slow one may take beside that.
const LATE: u32 = 2;
const TICKS: Duration = Duration::from_secs(3);
/// Fields that a filter looks into.
const LOOKED_INTO: [&str; 6] = ["title", "service", "operation", "detector", "state", "id"];

/// What fills the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Screen {
    /// The ranked list.
    #[default]
    List,
    /// The chosen hotspot, scrolled down by so many lines.
    Detail(u16),
    /// The keys.
    Help,
}

/// An answer and when it came.
#[derive(Debug, Default)]
struct Answer {
    hotspots: Vec<Value>,
    coverage: Value,
    total: u64,
    came: Duration,
    /// Spans a second since the answer before; none at first.
    rate: Option<u64>,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct State {
    address: String,
    /// From one answer to the next.
    every: Duration,
    colours: bool,
    answer: Answer,
    /// Why the last question was not answered.
    trouble: Option<String>,
    filter: String,
    typing: bool,
    screen: Screen,
    /// Place in the filtered list.
    place: usize,
    over: bool,
}

impl State {
    pub(super) fn new(address: &str, every: Duration, colours: bool) -> State {
        State {
            address: address.to_owned(),
            every,
            colours,
            ..State::default()
        }
    }

    /// The daemon answered `now`, or it did not. What was chosen stays chosen, wherever it ranks.
    pub(super) fn answered(&mut self, answer: Result<Value, String>, now: Duration) {
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(why) => return self.trouble = Some(why),
        };
        let chosen = self.chosen().map(|row| text(&row["id"]));
        let coverage = answer["coverage"].take();
        let since = now.saturating_sub(self.answer.came).as_millis();
        let (before, after) = (received(&self.answer.coverage), received(&coverage));
        let new = u128::from(after.saturating_sub(before));
        let known = !self.answer.coverage.is_null();
        let rate = (new * 1_000).checked_div(since).filter(|_| known);
        let total = number(&answer["total"]);
        let Value::Array(hotspots) = answer["hotspots"].take() else {
            return self.trouble = Some("the answer has no hotspots".to_owned());
        };
        self.trouble = None;
        self.answer = Answer {
            hotspots,
            coverage,
            total,
            came: now,
            rate: rate.map(|rate| u64::try_from(rate).unwrap_or(u64::MAX)),
        };
        let places = self.shown();
        let kept = chosen.and_then(|id| places.iter().position(|row| text(&row["id"]) == id));
        let last = places.len().saturating_sub(1);
        self.place = kept.unwrap_or(self.place).min(last);
    }

    /// A key was pressed.
    pub(super) fn key(&mut self, key: KeyEvent) {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            if key.code == KeyCode::Char('c') {
                self.end();
            }
            return;
        }
        match (self.typing, self.screen) {
            (true, _) => self.type_key(key.code),
            (false, Screen::Help) => self.screen = Screen::List,
            (false, _) => self.command(key.code),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "most keys mean nothing")]
    fn type_key(&mut self, code: KeyCode) {
        match code {
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc => (self.typing, self.filter) = (false, String::new()),
            KeyCode::Backspace => drop(self.filter.pop()),
            KeyCode::Char(letter) if self.filter.chars().count() < FILTER_MAX => self.filter.push(letter),
            _ => {}
        }
        self.place = 0;
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "most keys mean nothing")]
    fn command(&mut self, code: KeyCode) {
        match code {
            KeyCode::Char('q') => self.end(),
            KeyCode::Char('?') => self.screen = Screen::Help,
            KeyCode::Char('/') => (self.screen, self.typing) = (Screen::List, true),
            KeyCode::Esc if self.screen == Screen::List => (self.filter, self.place) = (String::new(), 0),
            KeyCode::Esc | KeyCode::Backspace | KeyCode::Left => self.screen = Screen::List,
            KeyCode::Enter | KeyCode::Right if self.chosen().is_some() => self.screen = Screen::Detail(0),
            KeyCode::Char('j') | KeyCode::Down => self.go(|place, _| place + 1),
            KeyCode::Char('k') | KeyCode::Up => self.go(|place, _| place.saturating_sub(1)),
            KeyCode::PageDown | KeyCode::Char(' ') => self.go(|place, _| place + LEAP),
            KeyCode::PageUp => self.go(|place, _| place.saturating_sub(LEAP)),
            KeyCode::Char('g') | KeyCode::Home => self.go(|_, _| 0),
            KeyCode::Char('G') | KeyCode::End => self.go(|_, last| last),
            _ => {}
        }
    }

    /// Moves in the list, or scrolls what is shown of one; where that ends only the drawing knows.
    fn go(&mut self, step: impl Fn(usize, usize) -> usize) {
        match &mut self.screen {
            Screen::Detail(line) => {
                let scrolled = step(usize::from(*line), usize::from(u16::MAX));
                *line = u16::try_from(scrolled).unwrap_or(u16::MAX);
            }
            Screen::List | Screen::Help => {
                let last = self.shown().len().saturating_sub(1);
                self.place = step(self.place, last).min(last);
            }
        }
    }

    /// The view is to end.
    pub(super) fn end(&mut self) {
        self.over = true;
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// Hotspots that have every word of the filter.
    pub(super) fn shown(&self) -> Vec<&Value> {
        let filter = self.filter.to_lowercase();
        let words: Vec<&str> = filter.split_whitespace().collect();
        let has = |row: &&Value| {
            let all = LOOKED_INTO.map(|key| text(&row[key]).to_lowercase()).join("\n");
            words.iter().all(|word| all.contains(word))
        };
        self.answer.hotspots.iter().filter(has).collect()
    }

    /// The hotspot that is chosen.
    pub(super) fn chosen(&self) -> Option<&Value> {
        self.shown().get(self.place).copied()
    }

    pub(super) fn place(&self) -> usize {
        self.place
    }

    pub(super) fn screen(&self) -> Screen {
        self.screen
    }

    pub(super) fn colours(&self) -> bool {
        self.colours
    }

    /// What is typed as a filter, and whether it still is.
    pub(super) fn filter(&self) -> (&str, bool) {
        (&self.filter, self.typing)
    }

    /// Where it asks, and what the answers rest on.
    pub(super) fn head(&self) -> String {
        let of = &self.answer;
        let spans = &of.coverage["spans"];
        let dropped: u64 = spans["dropped"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(_, n)| number(n))
            .sum();
        let rate = of.rate.map_or("…".to_owned(), |rate| rate.to_string());
        let whole = at(&of.coverage, "complete_share").as_f64().unwrap_or_default() * 100.0;
        let level = match text(at(&of.coverage, "pressure.level")) {
            level if level.is_empty() || level == "none" => String::new(),
            level => format!("  load: {level}"),
        };
        format!(
            "{}  {} hotspots  {rate} spans/s  {} analysed  {dropped} dropped  {whole:.0} % of traces whole{level}",
            self.address.trim_start_matches("http://"),
            of.total,
            number(&spans["analysed"])
        )
    }

    /// Why what is shown is not of now, and how old it is.
    pub(super) fn trouble(&self, now: Duration) -> Option<String> {
        let age = now.saturating_sub(self.answer.came);
        let late = age > self.every * LATE + TICKS;
        let why = match &self.trouble {
            Some(why) => format!(": {why}"),
            None if late => String::new(),
            None => return None,
        };
        let age = age.as_secs();
        Some(format!("no answer, what is shown is {age} s old{why}"))
    }

    /// Hotspots that are not shown although they match what was asked.
    pub(super) fn beyond(&self) -> u64 {
        self.answer.total.saturating_sub(rows_len(&self.answer.hotspots))
    }
}

fn rows_len(list: &[Value]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

fn received(coverage: &Value) -> u64 {
    number(at(coverage, "spans.received"))
}
