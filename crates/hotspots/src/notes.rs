//! What people said about hotspots: which are accepted or silenced, and whether that still holds.

use std::collections::BTreeMap;

use hotspan_model::{Decision, Fingerprint, Hotspot, LogTime, Millionths, Nanos, Note, Over, State};

use crate::Answers;

/// Most hotspots that are noted at once.
pub const NOTES_MAX: usize = 10_000;
/// Most characters of a reason.
pub const REASON_CHARS_MAX: usize = 500;
/// Most characters of who decided.
pub const BY_CHARS_MAX: usize = 100;
/// Rates of younger data than this are brought to it: until then, an impact is shown as if nothing else came.
const HOUR: Nanos = Nanos::from_secs(3_600);
const MINUTE: Nanos = Nanos::from_secs(60);

/// What a person says of one hotspot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    /// The decision; `None` takes an earlier one back.
    pub decision: Option<Decision>,
    /// Why.
    pub reason: String,
    /// Who says so; empty when nobody said.
    pub by: String,
}

/// Why something cannot be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsaid {
    /// There is no such hotspot.
    Unknown,
    /// There is no room for another note.
    Full,
}

/// The last decision about each hotspot, by fingerprint. One thread owns them; a store may save what [`Notes::iter`]
/// gives and load it by [`Notes::load`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    held: BTreeMap<Fingerprint, Note>,
}

impl Notes {
    /// The notes that were saved, as far as there is room for them.
    pub fn load(saved: impl IntoIterator<Item = (Fingerprint, Note)>) -> Notes {
        Notes {
            held: saved.into_iter().take(NOTES_MAX).collect(),
        }
    }

    /// All of them, by fingerprint.
    pub fn iter(&self) -> impl Iterator<Item = (Fingerprint, &Note)> {
        self.held.iter().map(|(&id, note)| (id, note))
    }

    /// That of one hotspot.
    pub fn get(&self, id: Fingerprint) -> Option<&Note> {
        self.held.get(&id)
    }

    /// Notes what is said of a hotspot of `answers`, or forgets what was.
    pub fn say(
        &mut self,
        answers: &Answers,
        id: Fingerprint,
        saying: Saying,
        now: LogTime,
    ) -> Result<(), Unsaid> {
        let hotspot = answers.hotspots.iter().find(|hotspot| hotspot.id == id);
        let Some(decision) = saying.decision else {
            let was_noted = self.held.remove(&id).is_some();
            return hotspot
                .map(|_| ())
                .or(was_noted.then_some(()))
                .ok_or(Unsaid::Unknown);
        };
        let hotspot = hotspot.ok_or(Unsaid::Unknown)?;
        if !self.held.contains_key(&id) {
            self.make_room()?;
        }
        let note = Note {
            decision,
            reason: cut(saying.reason, REASON_CHARS_MAX),
            by: cut(saying.by, BY_CHARS_MAX),
            at: now,
            impact: impact(answers, hotspot, now),
            over: None,
        };
        self.held.insert(id, note);
        Ok(())
    }

    /// Lets the oldest note go that holds no longer, when all places are taken.
    fn make_room(&mut self) -> Result<(), Unsaid> {
        if self.held.len() < NOTES_MAX {
            return Ok(());
        }
        let over = self.held.iter().filter(|(_, note)| note.over.is_some());
        let oldest = over.min_by_key(|(id, note)| (note.at, **id)).map(|(&id, _)| id);
        let oldest = oldest.ok_or(Unsaid::Full)?;
        self.held.remove(&oldest);
        Ok(())
    }

    /// Whether time ends a note that still holds.
    pub fn is_due(&self, now: LogTime) -> bool {
        self.held
            .values()
            .any(|note| note.over.is_none() && is_expired(note, now))
    }

    /// Ends the notes that hold no longer, for good, and says in `answers`, as traces alone made them, what the others
    /// make of their hotspots. Muted ones are counted and listed no more.
    pub fn apply(&mut self, answers: &mut Answers, now: LogTime) {
        if self.held.is_empty() {
            return;
        }
        for note in self.held.values_mut().filter(|note| is_expired(note, now)) {
            note.over.get_or_insert(Over::Expired);
        }
        for hotspot in &mut answers.hotspots {
            let Some(note) = self.held.get_mut(&hotspot.id) else {
                continue;
            };
            note.over = note.over.or_else(|| over(note, hotspot));
            hotspot.state = state(note, hotspot.state);
            hotspot.note = Some(note.clone());
        }
        unlist_muted(answers);
    }
}

fn is_expired(note: &Note, now: LogTime) -> bool {
    note.decision.until().is_some_and(|until| until <= now)
}

/// Why what was accepted is not what is there now.
fn over(note: &Note, hotspot: &Hotspot) -> Option<Over> {
    if matches!(note.decision, Decision::Muted { .. }) {
        return None;
    }
    if hotspot.returns.last.is_some_and(|last| note.at < last) {
        return Some(Over::Returned);
    }
    let twice = note.impact.0.saturating_mul(2).max(1);
    (twice <= hotspot.impact_s_per_hour.0).then_some(Over::Doubled)
}

/// What is gone or not called needs no acceptance.
fn state(note: &Note, by_traces: State) -> State {
    match (note.over, note.decision, by_traces) {
        (Some(_), _, _) | (None, Decision::Acknowledged { .. }, State::Fixed | State::NotExercised) => {
            by_traces
        }
        (None, Decision::Acknowledged { .. }, _) => State::Acknowledged,
        (None, Decision::Muted { .. }, _) => State::Muted,
    }
}

/// The impact that doubles. In its first hour what came so far is all that an hour has, so it is brought to a whole
/// one; else everything that is accepted then would return within the hour.
fn impact(answers: &Answers, hotspot: &Hotspot, now: LogTime) -> Millionths {
    let shown = hotspot.impact_s_per_hour;
    let age = answers.coverage.first.map_or(HOUR, |first| now.since(first));
    match age < HOUR {
        true => shown.times(Millionths::ratio(HOUR.0, age.max(MINUTE).0)),
        false => shown,
    }
}

/// Muted hotspots follow the listed ones.
fn unlist_muted(answers: &mut Answers) {
    let is_muted = |hotspot: &Hotspot| hotspot.state == State::Muted;
    answers.coverage.muted = answers
        .hotspots
        .iter()
        .filter(|hotspot| is_muted(hotspot))
        .count() as u64;
    let listed = &mut answers.hotspots[..answers.listed];
    listed.sort_by_key(is_muted);
    let kept = listed.partition_point(|hotspot| !is_muted(hotspot));
    for hotspot in &listed[kept..] {
        let place = answers
            .services
            .binary_search_by(|row| row.service.cmp(&hotspot.service));
        if let Ok(at) = place {
            answers.services[at].hotspots -= 1;
        }
    }
    answers.listed = kept;
    for (rank, hotspot) in (1..).zip(&mut answers.hotspots) {
        hotspot.rank = rank;
    }
}

fn cut(text: String, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => text[..end].to_owned(),
        None => text,
    }
}
