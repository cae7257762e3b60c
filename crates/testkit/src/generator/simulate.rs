//! Runs a program: steps in, spans with times out. No recursion deeper than the program is written.

use super::program::{Act, Leaf, Protocol, Spread, Step, What};
use super::rng::Place;

/// Who answers, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The service that is asked.
    pub service: &'static str,
    /// Route, method or job.
    pub operation: &'static str,
    /// Nobody asked: a job.
    pub job: bool,
    /// What it does.
    pub body: Vec<Step>,
}

/// The spans of one request, and how long its root took in nanoseconds.
pub fn simulate(program: &Program, place: Place) -> (Vec<Act>, u64) {
    let mut run = Run {
        acts: Vec::new(),
        scale: 1_000,
        ids: place.at(0x1d).number(),
    };
    let root = run.open(0, program.service, 0);
    let end = run.body(
        &program.body,
        Spot {
            parent: root,
            service: program.service,
            at: 0,
            place: place.at(1),
        },
    );
    let (operation, protocol) = (program.operation, Protocol::Http);
    let what = match program.job {
        true => What::Job { name: operation },
        false => What::Server { operation, protocol },
    };
    run.close(root, what, end);
    (run.acts, end)
}

#[derive(Clone, Copy)]
struct Spot {
    parent: u64,
    service: &'static str,
    at: u64,
    place: Place,
}

struct Run {
    acts: Vec<Act>,
    /// Thousandths that every length is stretched by: a batch does the work of many.
    scale: u64,
    ids: u64,
}

impl Run {
    /// Reserves a span, so that parents come before their children.
    fn open(&mut self, parent: u64, service: &'static str, start: u64) -> u64 {
        let id = Place::new(self.ids).at(self.acts.len() as u64).number().max(1);
        let what = What::Internal { name: "" };
        self.acts.push(Act {
            id,
            parent,
            service,
            what,
            start,
            end: start,
        });
        id
    }

    fn close(&mut self, id: u64, what: What, end: u64) {
        if let Some(act) = self.acts.iter_mut().rev().find(|act| act.id == id) {
            (act.what, act.end) = (what, end);
        }
    }

    /// Steps one after another; the end of the last.
    fn body(&mut self, steps: &[Step], spot: Spot) -> u64 {
        self.in_turn(steps, spot, 0)
    }

    /// Steps one after another for an item.
    fn in_turn(&mut self, steps: &[Step], spot: Spot, item: u64) -> u64 {
        steps.iter().enumerate().fold(spot.at, |at, (n, step)| {
            self.step(
                step,
                Spot {
                    at,
                    place: spot.place.at(n as u64),
                    ..spot
                },
                item,
            )
        })
    }

    /// One step; when it ends.
    fn step(&mut self, step: &Step, spot: Spot, item: u64) -> u64 {
        match step {
            Step::Work(length) => spot.at + length.nanos(spot.place, self.scale),
            Step::Out(leaf, length) => self.leaf(leaf, *length, spot, item),
            Step::Call { .. } => self.call(step, spot, item),
            Step::GiveUp { call, after } => self.give_up(call, *after, spot),
            Step::Inside { name, body } => {
                let id = self.open(spot.parent, spot.service, spot.at);
                let end = self.body(body, Spot { parent: id, ..spot });
                self.close(id, What::Internal { name }, end);
                end
            }
            Step::InTurn(steps) => self.in_turn(steps, spot, item),
            Step::Together(steps) => {
                let started = steps.iter().enumerate();
                let ends = started.map(|(n, step)| {
                    self.step(
                        step,
                        Spot {
                            place: spot.place.at(n as u64),
                            ..spot
                        },
                        0,
                    )
                });
                ends.max().unwrap_or(spot.at)
            }
            Step::Each { .. } => self.each(step, spot),
            Step::AtOnce { .. } => self.at_once(step, spot),
            Step::Faster(step, thousandths) => {
                let scale = self.scale * thousandths / 1_000;
                self.scaled(step, spot, item, scale)
            }
            Step::Either(chance, rare, usual) => {
                let step = if spot.place.at(14).chance(*chance) {
                    rare
                } else {
                    usual
                };
                self.step(step, spot, item)
            }
            Step::Capped(step, most) => {
                let (opened, end) = (self.acts.len(), self.step(step, spot, item));
                let end = end.min(spot.at + most * 1_000);
                self.acts[opened..]
                    .iter_mut()
                    .for_each(|act| act.end = act.end.min(end));
                end
            }
        }
    }

    /// A step whose every length is stretched.
    fn scaled(&mut self, step: &Step, spot: Spot, item: u64, scale: u64) -> u64 {
        let before = std::mem::replace(&mut self.scale, scale);
        let end = self.step(step, spot, item);
        self.scale = before;
        end
    }

    fn at_once(&mut self, step: &Step, spot: Spot) -> u64 {
        let Step::AtOnce {
            items,
            step,
            marginal,
            gap,
        } = step
        else {
            return spot.at;
        };
        let items = items_of(*items, spot.place);
        let each = marginal.draw(spot.place.at(7));
        let scale = self.scale + self.scale * (items - 1) * each / 1_000_000;
        let place = item_place(spot.place, 0);
        let end = self.scaled(step, Spot { place, ..spot }, 0, scale);
        (0..items).fold(end, |at, n| {
            at + gap.nanos(item_place(spot.place, n).at(9), 1_000)
        })
    }

    fn call(&mut self, step: &Step, spot: Spot, item: u64) -> u64 {
        let Step::Call {
            service,
            operation,
            protocol,
            net,
            body,
        } = step
        else {
            return spot.at;
        };
        let id = self.open(spot.parent, spot.service, spot.at);
        let at = spot.at + net.nanos(spot.place.at(1), 1_000);
        let inside = self.open(id, service, at);
        let done = self.body(
            body,
            Spot {
                parent: inside,
                service,
                at,
                place: spot.place.at(2),
            },
        );
        self.close(
            inside,
            What::Server {
                operation,
                protocol: *protocol,
            },
            done,
        );
        let end = done + net.nanos(spot.place.at(3), 1_000);
        self.close(
            id,
            What::Client {
                service,
                operation,
                protocol: *protocol,
                item,
            },
            end,
        );
        end
    }

    /// A call that is left alone after so many microseconds.
    fn give_up(&mut self, call: &Step, after: u64, spot: Spot) -> u64 {
        let Step::Call {
            service, operation, ..
        } = call
        else {
            return spot.at;
        };
        let opened = self.acts.len();
        self.call(call, spot, 0);
        let end = spot.at + after * 1_000;
        let id = self.acts[opened].id;
        self.close(id, What::GivenUp { service, operation }, end);
        end
    }

    fn each(&mut self, step: &Step, spot: Spot) -> u64 {
        let Step::Each {
            items,
            step,
            wrapped,
            gap,
            parallel,
        } = step
        else {
            return spot.at;
        };
        let (mut at, mut end) = (spot.at, spot.at);
        for n in 0..items_of(*items, spot.place) {
            let place = item_place(spot.place, n);
            let item = place.at(8).number() % 90_000 + 10_000;
            let start = if *parallel { spot.at + n * 20_000 } else { at };
            let inner = Spot {
                at: start,
                place,
                ..spot
            };
            let wrapper = wrapped.map(|name| (name, self.open(spot.parent, spot.service, start)));
            let parent = wrapper.map_or(spot.parent, |(_, id)| id);
            let done = self.step(step, Spot { parent, ..inner }, item);
            if let Some((name, id)) = wrapper {
                self.close(id, What::Internal { name }, done);
            }
            end = end.max(done);
            at = done + gap.nanos(place.at(9), 1_000);
        }
        if *parallel { end } else { at }
    }

    fn leaf(&mut self, leaf: &Leaf, length: Spread, spot: Spot, item: u64) -> u64 {
        let id = self.open(spot.parent, spot.service, spot.at);
        let end = spot.at + length.nanos(spot.place, self.scale);
        self.close(
            id,
            What::Leaf {
                leaf: leaf.clone(),
                item,
            },
            end,
        );
        end
    }
}

fn items_of((low, high): (u64, u64), place: Place) -> u64 {
    place.at(5).within(low, high)
}

fn item_place(place: Place, n: u64) -> Place {
    place.at(6).at(n)
}

impl Spread {
    fn draw(self, place: Place) -> u64 {
        place.at(11).within(self.low * 1_000, self.high * 1_000)
    }

    /// A length in nanoseconds, stretched by thousandths; one in thirty is up to half as long again.
    fn nanos(self, place: Place, scale: u64) -> u64 {
        let drawn = self.draw(place);
        let tail = if place.at(12).chance(33_000) {
            drawn * place.at(13).within(0, 500) / 1_000
        } else {
            0
        };
        (drawn + tail) * scale / 1_000
    }
}
