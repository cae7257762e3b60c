//! Facts about the view: what a screen shows, what keys do, that no size breaks it.

use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};

use super::draw;
use super::state::State;

fn hotspot(rank: u64, service: &str, title: &str, state: &str) -> Value {
    json!({"id": format!("{rank:032x}"), "rank": rank, "priority": 100.0 / rank as f64, "saving_ns": {"likely": 10_000_000},
        "confidence": 0.99, "traces": 40 + rank, "state": state, "service": service, "operation": "GET /",
        "detector": "n-plus-one-query", "break": "database", "title": title, "entries": [["GET /", 7]]})
}

fn answer(received: u64) -> Value {
    json!({"total": 3, "hotspots": [
            hotspot(1, "catalog", "GET /home runs SELECT customers 13 times a request", "new"),
            hotspot(2, "profile", "GET /orders makes 4 calls one after another", "worsening"),
            hotspot(3, "search", "GET /orders waits 442 ms for a vendor", "acknowledged"),
        ],
        "coverage": {"spans": {"received": received, "analysed": 900, "dropped": {"late_dropped": 2}},
            "complete_share": 0.98, "pressure": {"level": "none"}}})
}

/// A view that was answered twice, two seconds apart.
fn view() -> State {
    let mut state = State::new("http://127.0.0.1:4319", Duration::from_secs(1), true);
    state.answered(Ok(answer(1_000)), Duration::ZERO);
    state.answered(Ok(answer(1_500)), Duration::from_secs(2));
    state
}

fn press(state: &mut State, keys: &[KeyCode]) {
    for &code in keys {
        state.key(KeyEvent::new(code, KeyModifiers::NONE));
    }
}

fn type_text(state: &mut State, text: &str) {
    for letter in text.chars() {
        press(state, &[KeyCode::Char(letter)]);
    }
}

/// The lines of the screen, without blanks at their ends.
fn screen(state: &State, (width, height): (u16, u16), now: u64) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a buffer is a terminal");
    let drawn = terminal.draw(|frame| draw::all(frame, state, Duration::from_secs(now)));
    drawn.expect("a buffer takes everything");
    let buffer = terminal.backend().buffer();
    let line = |y| -> String { (0..width).map(|x| buffer[(x, y)].symbol()).collect() };
    let lines: Vec<String> = (0..height).map(|y| line(y).trim_end().to_owned()).collect();
    lines.join("\n")
}

#[test]
fn the_list_is_ranked_under_what_it_rests_on() {
    let expected = [
        "hotspan top  127.0.0.1:4319  3 hotspots  250 spans/s  900 analysed  2 dropped  98 % of traces whole",
        "",
        "#   PRIORITY SAVES   CONF  SEEN   STATE        SERVICE        DETECTOR             WHAT",
        "1   100.0    10 ms   99 %  41     new          catalog        n-plus-one-query     GET /home runs SELECT customers 13 ti",
        "2   50.0     10 ms   99 %  42     worsening    profile        n-plus-one-query     GET /orders makes 4 calls one after a",
        "3   33.3     10 ms   99 %  43     acknowledged search         n-plus-one-query     GET /orders waits 442 ms for a vendor",
        "",
        "/ filter  Enter detail  j k g G move  ? help  q end",
    ];
    let shown = screen(&view(), (120, 8), 2);
    assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_narrow_terminal_keeps_what_matters() {
    let expected = [
        "hotspan top  127.0.0.1:4319  3 hotspots  250 spans",
        "",
        "#   PRIORITY WHAT",
        "1   100.0    GET /home runs SELECT customers 13 ti",
        "2   50.0     GET /orders makes 4 calls one after a",
        "/ filter  Enter detail  j k g G move  ? help  q en",
    ];
    let shown = screen(&view(), (50, 6), 2);
    assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn one_hotspot_is_shown_with_its_facts_and_left_again() {
    let mut state = view();
    press(&mut state, &[KeyCode::Char('j'), KeyCode::Enter]);
    let shown = screen(&state, (100, 24), 2);
    for words in [
        "GET /orders makes 4 calls",
        "change in   profile, GET /",
        "hotspan hotspots show 0000",
    ] {
        assert!(shown.contains(words), "{shown}");
    }
    press(&mut state, &[KeyCode::Char('G')]);
    assert!(
        !screen(&state, (100, 24), 2).contains("GET /orders makes 4 calls"),
        "it scrolls"
    );
    press(&mut state, &[KeyCode::Esc]);
    assert!(screen(&state, (100, 24), 2).contains("PRIORITY"));
}

#[test]
fn a_filter_keeps_what_has_all_its_words() {
    let mut state = view();
    type_text(&mut state, "/orders VENDOR");
    let shown = screen(&state, (100, 8), 2);
    assert!(
        shown.contains("/orders VENDOR▏") && shown.contains("search") && !shown.contains("profile"),
        "{shown}"
    );
    press(&mut state, &[KeyCode::Enter]);
    assert!(screen(&state, (100, 8), 2).contains("filter: orders VENDOR"));
    type_text(&mut state, "/x");
    press(&mut state, &[KeyCode::Enter, KeyCode::Enter]);
    assert!(
        screen(&state, (100, 8), 2).contains("no hotspot has these words"),
        "Enter on nothing shows nothing"
    );
    press(&mut state, &[KeyCode::Esc]);
    assert!(screen(&state, (100, 8), 2).contains("catalog"), "Esc drops it");
}

#[test]
fn what_is_chosen_stays_chosen_when_ranks_move() {
    let mut state = view();
    press(&mut state, &[KeyCode::Char('G')]);
    assert_eq!(state.chosen().expect("the last one")["service"], "search");
    let mut moved = answer(1_600);
    moved["hotspots"].as_array_mut().expect("a list").reverse();
    state.answered(Ok(moved), Duration::from_secs(3));
    assert_eq!(state.chosen().expect("still there")["service"], "search");
    assert_eq!(state.place(), 0);
    let gone = json!({"total": 0, "hotspots": []});
    state.answered(Ok(gone), Duration::from_secs(4));
    press(
        &mut state,
        &[KeyCode::Char('j'), KeyCode::Char('k'), KeyCode::Enter],
    );
    assert!(screen(&state, (100, 8), 4).contains("no hotspots yet"));
}

#[test]
fn a_daemon_that_is_away_is_told_with_the_age_of_what_is_shown() {
    let mut state = view();
    state.answered(
        Err("http://127.0.0.1:4319: Connection refused".to_owned()),
        Duration::from_secs(3),
    );
    let shown = screen(&state, (100, 8), 14);
    assert!(
        shown.contains("no answer, what is shown is 12 s old: http://127.0.0.1:4319: Connection refused"),
        "{shown}"
    );
    assert!(shown.contains("catalog"), "{shown}");
    state.answered(Ok(answer(1_700)), Duration::from_secs(15));
    assert!(!screen(&state, (100, 8), 15).contains("no answer"));
    assert!(
        !screen(&state, (100, 8), 20).contains("no answer"),
        "a slow answer is no trouble"
    );
    let shown = screen(&state, (100, 8), 30);
    assert!(shown.contains("no answer, what is shown is 15 s old"), "{shown}");
}

#[test]
fn help_names_the_keys_and_q_and_control_c_end() {
    let mut state = view();
    press(&mut state, &[KeyCode::Char('?')]);
    assert!(screen(&state, (90, 14), 2).contains("G, End     last"));
    press(&mut state, &[KeyCode::Char('q')]);
    assert!(!state.is_over(), "any key goes back first");
    press(&mut state, &[KeyCode::Char('q')]);
    assert!(state.is_over());
    let mut state = view();
    type_text(&mut state, "/q");
    assert!(!state.is_over(), "a letter of a filter is no command");
    state.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
    assert!(state.is_over());
}

#[test]
fn no_size_of_terminal_breaks_it() {
    let mut help = view();
    press(&mut help, &[KeyCode::Char('?')]);
    let mut detail = view();
    press(&mut detail, &[KeyCode::Enter, KeyCode::Char('G')]);
    let mut typing = view();
    type_text(&mut typing, &"/größe".repeat(40));
    let mut odd = view();
    odd.answered(
        Ok(json!({"hotspots": [{"title": 7}, null]})),
        Duration::from_secs(9),
    );
    for state in [&view(), &help, &detail, &typing, &odd, &State::default()] {
        for width in (0..30).chain([69, 70, 109, 110, 300]) {
            for height in (0..8).chain([40]) {
                screen(state, (width, height), 2);
            }
        }
    }
}
