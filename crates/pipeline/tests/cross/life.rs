//! States of hotspots over traces, as far as the hours of a day and the days of a week tell them.

use hotspan_model::{Hotspot, State};

use crate::services::CIRCLE;
use crate::world::World;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
const WORDLESS: &str = "shop GET /home 0..100\n  db query 10..90 wordless";

/// Adds the same trace so many times at a moment.
fn add(world: &mut World, at: u64, count: usize, text: &str) {
    world.at = at;
    world.traces(count, text);
}

fn only(world: &World, detector: &str) -> Hotspot {
    let mut found = world.hotspots(detector);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn state(world: &World, detector: &str) -> (State, u64) {
    let hotspot = only(world, detector);
    (hotspot.state, hotspot.returns.count)
}

#[test]
fn what_no_longer_shows_while_its_service_works_on_is_fixed_and_may_come_back() {
    let mut world = World::default();
    world.traces(3, CIRCLE);
    assert_eq!(state(&world, "dependency-cycle"), (State::New, 0));
    add(&mut world, 3 * HOUR, 19, "cart GET /price 0..100");
    assert_eq!(state(&world, "dependency-cycle"), (State::New, 0));
    world.trace("cart GET /price 0..100");
    assert_eq!(state(&world, "dependency-cycle"), (State::Fixed, 0));
    add(&mut world, 5 * HOUR, 1, CIRCLE);
    assert_eq!(state(&world, "dependency-cycle"), (State::Regressed, 1));
}

#[test]
fn what_is_not_called_for_a_day_gets_no_verdict() {
    let mut world = World::default();
    world.traces(25, WORDLESS);
    add(&mut world, 20 * HOUR, 1, "tax GET / 0..10");
    assert_eq!(state(&world, "blind-service"), (State::New, 0));
    add(&mut world, DAY + 3 * HOUR, 1, "tax GET / 0..10");
    assert_eq!(state(&world, "blind-service"), (State::NotExercised, 0));
}

#[test]
fn what_is_seen_every_day_is_open_and_its_trend_is_that_of_a_day() {
    let mut world = World::default();
    for day in 0..4 {
        add(&mut world, day * DAY + 5 * HOUR, 25, WORDLESS);
        add(&mut world, day * DAY + 7 * HOUR, 25, WORDLESS);
    }
    let hotspot = only(&world, "blind-service");
    assert_eq!((hotspot.state, hotspot.returns.count), (State::Open, 0));
    let hours: Vec<u64> = hotspot.trend.hour.iter().map(|point| point.traces).collect();
    assert_eq!((hours, hotspot.trend.minute.len()), (vec![25; 3], 0));
    assert_eq!(hotspot.trend.hour[0].at % HOUR, 0);
}

#[test]
fn what_the_code_accepts_is_counted_and_not_listed_for_as_long_as_it_does() {
    for (ids, accepted) in [
        ("blind-service", 1),
        ("slow-query,blind-service", 1),
        ("*", 1),
        ("slow-query", 0),
    ] {
        let mut world = World::default();
        world.traces(25, &format!("{WORDLESS} ignore={ids}"));
        assert_eq!(
            world.hotspots("blind-service").len() as u64,
            1 - accepted,
            "{ids}"
        );
        assert_eq!(world.ignored(), accepted, "{ids}");
    }
    let mut world = World::default();
    world.traces(25, WORDLESS);
    assert_eq!(state(&world, "blind-service").0, State::New);
    add(
        &mut world,
        2 * HOUR,
        1,
        &format!("{WORDLESS} ignore=blind-service"),
    );
    assert_eq!((world.hotspots("blind-service").len(), world.ignored()), (0, 1));
    add(&mut world, 4 * HOUR, 1, WORDLESS);
    assert_eq!((world.hotspots("blind-service").len(), world.ignored()), (1, 0));
}

#[test]
fn what_one_member_of_a_circle_accepts_is_accepted() {
    let mut world = World::default();
    world.traces(3, CIRCLE);
    assert_eq!(world.hotspots("dependency-cycle").len(), 1);
    world.trace(&CIRCLE.replace(
        "GET /tax       12..88",
        "GET /tax       12..88 ignore=dependency-cycle",
    ));
    assert_eq!(
        (world.hotspots("dependency-cycle").len(), world.ignored()),
        (0, 1)
    );
}
