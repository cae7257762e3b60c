//! What a replay did to each span, kept when somebody wants to see it.
//!
//! Detectors ask for savings and forget the replay. To show one, the trace is analysed again while replays are
//! filmed, and the film whose saving a finding states is the one that is shown.

use hotspan_model::{Nanos, Saving};

use super::{Mood, Outcome, Replay, Times};
use crate::Forest;

/// Films that are kept until a finding claims one: no detector replays more for one finding.
const FILMS_MAX: usize = 4;

/// A child of a parent that was computed anew.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shot {
    pub child: u32,
    /// New start relative to its parent's.
    pub start: Times,
    /// New duration.
    pub duration: Times,
}

/// One replay of a unit.
#[derive(Debug)]
struct Film {
    head: u32,
    outcome: Outcome,
    /// The edit says itself what is likely.
    opinionated: bool,
    /// Ascending by child.
    shots: Vec<Shot>,
    /// Nodes whose time an edit changes or moves, ascending.
    touched: Vec<u32>,
}

/// Films of the latest replays.
#[derive(Debug, Default)]
pub(super) struct Camera {
    running: bool,
    shots: Vec<Shot>,
    films: Vec<Film>,
}

/// A unit as the fix would likely leave it.
#[derive(Debug)]
pub(crate) struct Scene {
    /// The head of the unit.
    pub head: u32,
    /// What that saves.
    pub saving: Saving,
    /// Start and end of each node of the forest after the start of the unit; nodes of other units have none.
    pub times: Vec<Option<(u64, u64)>>,
    /// Nodes whose time the edit changes or moves, ascending.
    pub touched: Vec<u32>,
}

impl Camera {
    pub(super) fn is_running(&self) -> bool {
        self.running
    }

    pub(super) fn shoot(&mut self, shot: Shot) {
        if self.running {
            self.shots.push(shot);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.shots.capacity() * size_of::<Shot>()
    }
}

impl Replay {
    /// Films all replays from now on, or no more.
    pub(crate) fn film(&mut self, running: bool) {
        self.camera.running = running;
        self.forget_films();
    }

    /// No later finding is about the replays so far.
    pub(crate) fn forget_films(&mut self) {
        self.camera.films.clear();
    }

    /// Keeps the replay that just ran.
    pub(super) fn keep_film(&mut self, outcome: Outcome) {
        if !self.camera.running {
            return;
        }
        let mut shots = std::mem::take(&mut self.camera.shots);
        shots.sort_unstable_by_key(|shot| shot.child);
        let mut touched: Vec<u32> = self.changes.rows().iter().map(|change| change.node).collect();
        touched.extend(self.members.iter().map(|member| member.0));
        touched.sort_unstable();
        touched.dedup();
        if self.camera.films.len() == FILMS_MAX {
            self.camera.films.remove(0);
        }
        self.camera.films.push(Film {
            head: self.head,
            outcome,
            opinionated: self.opinionated,
            shots,
            touched,
        });
    }

    /// The replay that says `saving` of the unit under `head`; the latest when there are several. A saving that was
    /// put together is shown between the replay that gave its most and the one that gave its least.
    pub(crate) fn scene(&self, forest: &Forest, head: u32, saving: Saving) -> Option<Scene> {
        let latest = |fits: &dyn Fn(Saving) -> bool| {
            let own = self.camera.films.iter().filter(|film| film.head == head);
            own.rev().find(|film| fits(film.outcome.saving()))
        };
        let (best, worst) = match latest(&|own| own == saving).or(latest(&|own| own.likely == saving.likely))
        {
            Some(film) => (film, film),
            None => (
                latest(&|own| own.max == saving.max)?,
                latest(&|own| own.min == saving.min)?,
            ),
        };
        let after = forest.node(head).length().minus(saving.likely);
        let staged = match saving.likely {
            Nanos::ZERO => before(forest, head),
            _ => likely(forest, best, worst),
        };
        let ends_by = |(start, end): (u64, u64)| (start.min(after.0), end.min(after.0));
        let mut times: Vec<_> = staged.into_iter().map(|time| time.map(ends_by)).collect();
        // Halves are rounded down once here and once in the saving.
        times[head as usize] = Some((0, after.0));
        let mut touched = [best.touched.as_slice(), worst.touched.as_slice()].concat();
        touched.sort_unstable();
        touched.dedup();
        Some(Scene {
            head,
            saving,
            times,
            touched,
        })
    }
}

type Staged = Vec<Option<(u64, u64)>>;

/// As replay says itself what is likely, or halfway between the best and the worst.
fn likely(forest: &Forest, best: &Film, worst: &Film) -> Staged {
    if best.opinionated {
        return best.stage(forest, Mood::Likely);
    }
    let optimistic = best.stage(forest, Mood::Optimistic);
    let pessimistic = worst.stage(forest, Mood::Pessimistic);
    let both = optimistic.into_iter().zip(pessimistic);
    let halfway = both.map(|(a, b)| {
        let (a, b) = a.zip(b)?;
        Some((u64::midpoint(a.0, b.0), u64::midpoint(a.1, b.1)))
    });
    halfway.collect()
}

/// The unit under `head` as it was.
pub(crate) fn before(forest: &Forest, head: u32) -> Staged {
    let from = forest.node(head).start;
    let unit = forest.nodes().iter().map(|node| {
        let takes_part = node.is_live() && node.head == head;
        takes_part.then(|| (offset(node.start - from), offset(node.end - from)))
    });
    unit.collect()
}

impl Film {
    /// Where the nodes of the unit would lie. What is below a span that takes less time than it ends with it.
    fn stage(&self, forest: &Forest, mood: Mood) -> Staged {
        let mut staged: Staged = vec![None; forest.nodes().len()];
        let after = match mood {
            Mood::Optimistic => self.outcome.optimistic,
            Mood::Likely => self.outcome.likely,
            Mood::Pessimistic => self.outcome.pessimistic,
        };
        staged[self.head as usize] = Some((0, after.0));
        for &at in forest.top_down() {
            let node = forest.node(at);
            if node.head != self.head || at == self.head || !node.is_live() {
                continue;
            }
            let Some((from, to)) = node.parent().and_then(|parent| staged[parent as usize]) else {
                continue;
            };
            let (start, duration) = match self.shots.binary_search_by_key(&at, |shot| shot.child) {
                Ok(found) => {
                    let shot = &self.shots[found];
                    (shot.start[mood as usize], shot.duration[mood as usize])
                }
                Err(_) => (node.start - forest.node(node.parent).start, node.end - node.start),
            };
            let start = from.saturating_add(offset(start)).min(to);
            staged[at as usize] = Some((start, start.saturating_add(offset(duration)).min(to)));
        }
        staged
    }
}

fn offset(time: i64) -> u64 {
    u64::try_from(time).unwrap_or(0)
}
