//! The table of hard cases: traces that other tools read wrongly. Times in µs, paths latest first.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use hotspan_analysis::{Forest, Overflow, Path, Settings};
use hotspan_model::{Cause, Lookup};
use hotspan_testkit::{Drawing, EPOCH};

/// Segments as `A[90,100)`; a cause that is not plain own time or dispatch stands behind it.
fn show(drawing: &Drawing, forest: &Forest, path: &Path) -> String {
    let time = |offset: i64| forest.moment(offset).0 as i64 - EPOCH.0 as i64;
    let show = |segment: &hotspan_analysis::Segment| {
        let node = forest.node(segment.node);
        let name = match (segment.cause, node.operation) {
            (Cause::Queue, _) => "queue".to_owned(),
            (_, Some(operation)) => drawing.dictionary.text(operation).to_owned(),
            (_, None) => format!("P({})", (b'A' + node.id as u8 - 1) as char),
        };
        let cause = match segment.cause {
            Cause::OwnTime | Cause::Dispatch | Cause::Queue => "",
            Cause::NetOut | Cause::NetIn | Cause::WaitUnknown | Cause::Abandoned => segment.cause.name(),
        };
        let (start, end) = (time(segment.start) / 1_000, time(segment.end) / 1_000);
        format!("{name}[{start},{end}) {cause}").trim_end().to_owned()
    };
    path.segments().iter().map(show).collect::<Vec<_>>().join(" ")
}

struct Read {
    response: String,
    completion: String,
    defects: String,
}

fn read_with(settings: Settings, text: &str) -> Read {
    let drawing = Drawing::new(text);
    let (mut forest, mut path) = (Forest::default(), Path::default());
    forest.normalise(&drawing.trace, None, &drawing.dictionary, &settings);
    path.response(&forest);
    let response = show(&drawing, &forest, &path);
    path.completion(&forest);
    let completion = show(&drawing, &forest, &path);
    let defects = forest
        .defects()
        .iter()
        .map(|defect| defect.kind.name())
        .collect::<Vec<_>>()
        .join(" ");
    Read {
        response,
        completion,
        defects,
    }
}

fn read(text: &str) -> Read {
    read_with(Settings::default(), text)
}

/// One tree, so both paths are the same.
fn check(text: &str, path: &str, defects: &str) {
    let read = read(text);
    assert_eq!(read.response, path);
    assert_eq!(read.completion, path);
    assert_eq!(read.defects, defects);
}

fn check_both(text: &str, response: &str, completion: &str, defects: &str) {
    let read = read(text);
    assert_eq!(read.response, response);
    assert_eq!(read.completion, completion);
    assert_eq!(read.defects, defects);
}

fn clip() -> Settings {
    Settings {
        overflow: Overflow::Clip,
        ..Settings::default()
    }
}

const IN_A_ROW: &str = "A[90,100) C[50,90) B[10,50) A[0,10)";

#[test]
fn case_1_back_to_back_siblings() {
    check(
        "
        s internal A 0..100 us
          internal B 10..50 us
          internal C 50..90 us
        ",
        IN_A_ROW,
        "",
    );
}

#[test]
fn case_2_overlap_within_the_clock_step() {
    check(
        "
        s internal A 0..100 us
          internal B 10..51 us
          internal C 50..90 us
        ",
        IN_A_ROW,
        "",
    );
}

#[test]
fn case_3_overlap_beyond_the_clock_step() {
    check(
        "
        s internal A 0..100 us
          internal B 10..52 us
          internal C 50..90 us
        ",
        "A[90,100) C[50,90) A[0,50)",
        "",
    );
}

#[test]
fn case_4_a_tolerated_child_is_searched_from_its_own_end() {
    check(
        "
        s internal A 0..100 us
          internal B 10..61 us
            internal D 20..61 us
          internal C 60..90 us
        ",
        "A[90,100) C[60,90) D[20,60) B[10,20) A[0,10)",
        "",
    );
}

#[test]
fn case_5_millisecond_clock() {
    check(
        "
        s internal A 0..1000 ms
          internal B 10..500 ms
          internal C 499..900 ms
        ",
        "A[900000,1000000) C[499000,900000) B[10000,499000) A[0,10000)",
        "",
    );
}

#[test]
fn case_6_zero_length_span_between_siblings() {
    check(
        "
        s internal A 0..100 us
          internal B 10..50 us
          internal Z 50..50 us
          internal C 50..90 us
        ",
        IN_A_ROW,
        "",
    );
}

#[test]
fn case_7_equal_intervals() {
    check(
        "
        s internal A 0..100 us
          internal B 10..50 us
          internal C 10..50 us
        ",
        "A[50,100) B[10,50) A[0,10)",
        "",
    );
}

#[test]
fn case_8_child_covers_the_parent_on_both_sides() {
    let same_host = "
        s internal A 10..30 us
          internal B 5..35 us
        ";
    check_both(same_host, "A[10,30)", "B[10,35)", "detached acausal");
    let other_host = "
        s internal A 10..30 us host=x
          internal B 5..35 us host=y
        ";
    check(other_host, "B[10,30)", "clipped");
    assert_eq!(read_with(clip(), same_host).response, "B[10,30)");
}

#[test]
fn case_9_child_outlives_the_parent() {
    let text = "
        s internal A 0..100 us
          internal B 90..590 us
        ";
    check_both(text, "A[0,100)", "B[90,590) A[0,90)", "detached");
    assert_eq!(read_with(clip(), text).response, "B[90,100) A[0,90)");
}

#[test]
fn case_10_server_outlives_its_caller() {
    let text = "
        s call K 0..100 us host=x err
          t server S 10..150 us host=y
        ";
    check(text, "S[10,100) abandoned K[0,10) net_out", "abandoned clipped");
    let detach = Settings {
        overflow: Overflow::Detach,
        ..Settings::default()
    };
    assert_eq!(read_with(detach, text).response, "K[0,100) wait_unknown");
}

#[test]
fn case_11_consumer_under_producer() {
    check_both(
        "
        s server A 0..100 us host=x
          publish P 10..20 us
            t consumer C 60..200 us host=y
        ",
        "A[20,100) P[10,20) A[0,10)",
        "C[60,200) queue[20,60) P[10,20) A[0,10)",
        "",
    );
}

#[test]
fn case_12_consumer_under_a_server_span() {
    check_both(
        "
        s server A 0..100 us host=x
          t consumer C 15..115 us host=y
        ",
        "A[0,100)",
        "C[15,115) A[0,15)",
        "",
    );
}

#[test]
fn case_13_receive_then_process_on_one_host() {
    check(
        "
        s consumer R 0..100 us
          consumer Q 10..90 us
        ",
        "R[90,100) Q[10,90) R[0,10)",
        "",
    );
}

#[test]
fn case_14_batch_consumer_with_links() {
    check_both(
        "
        s server A 0..100 us host=x
          publish P 10..20 us id=50
            t consumer C 60..200 us host=y link=50 link=51
          publish Q 30..40 us id=51
        ",
        "A[40,100) Q[30,40) A[20,30) P[10,20) A[0,10)",
        "C[60,200) queue[40,60) Q[30,40) A[20,30) P[10,20) A[0,10)",
        "",
    );
}

#[test]
fn case_15_the_roots_parent_is_missing() {
    check(
        "
        s internal A 0..100 us parent=7
          internal B 10..50 us
        ",
        "A[50,100) B[10,50) A[0,10)",
        "missing_parent rootless",
    );
}

#[test]
fn case_16_siblings_under_a_missing_parent() {
    check(
        "
        s server R 0..100 us id=18
        s call B 10..40 us id=2 parent=7
        s call C 50..90 us id=3 parent=7
        ",
        "R[90,100) C[50,90) wait_unknown P(G)[40,50) wait_unknown B[10,40) wait_unknown R[0,10)",
        "missing_parent inferred",
    );
}

#[test]
fn case_17_two_roots() {
    check(
        "
        s internal A 0..100 us
        s internal B 50..200 us
        ",
        "B[50,200)",
        "multi_root",
    );
}

#[test]
fn case_18_follows_from() {
    check_both(
        "
        s internal A 0..100 us
          internal B 10..50 us follows
        ",
        "A[0,100)",
        "A[0,100)",
        "",
    );
}

#[test]
fn case_19_client_and_server_share_an_id() {
    check(
        "
        s1 server A 0..100 us host=x
          call B 10..90 us host=x id=2
          s2 server B/S 20..80 us host=y id=2
          s2 internal C 30..50 us host=y parent=2
        ",
        "A[90,100) B[80,90) net_in B/S[50,80) C[30,50) B/S[20,30) B[10,20) net_out A[0,10)",
        "shared_id",
    );
}

#[test]
fn case_20_cycle_beside_a_root() {
    let text = "
        s internal R 0..10 us id=18
        s internal A 0..100 us id=1 parent=2
        s internal B 10..50 us id=2 parent=1
        ";
    check(text, "R[0,10)", "cycle");
    let drawing = Drawing::new(text);
    let (mut forest, mut path) = (Forest::default(), Path::default());
    forest.normalise(&drawing.trace, None, &drawing.dictionary, &Settings::default());
    path.begin(&forest);
    let fragment = *forest
        .roots()
        .iter()
        .find(|&&at| Some(at) != forest.primary())
        .unwrap();
    path.sweep(&forest, fragment);
    assert_eq!(show(&drawing, &forest, &path), "A[50,100) B[10,50) A[0,10)");
}

#[test]
fn case_21_self_parent() {
    check(
        "
        s internal A 0..100 us id=1 parent=1
        s internal B 10..50 us id=2 parent=1
        ",
        "A[50,100) B[10,50) A[0,10)",
        "cycle rootless",
    );
}

#[test]
fn case_22_server_clock_far_ahead() {
    check(
        "
        s server A 0..100 us host=x
          call K 10..90 us
            t server S 2000..2060 us host=y
              internal D 2010..2030 us
        ",
        "A[90,100) K[80,90) net_in S[50,80) D[30,50) S[20,30) K[10,20) net_out A[0,10)",
        "skew_corrected",
    );
}

#[test]
fn case_23_child_after_its_parent() {
    check_both(
        "
        s internal A 0..100 us
          internal B 120..150 us
        ",
        "A[0,100)",
        "B[120,150) queue[100,120) A[0,100)",
        "detached",
    );
}

#[test]
fn case_24_child_before_its_parent() {
    check(
        "
        s internal A 100..200 us
          internal B 20..50 us
        ",
        "A[100,200)",
        "outside",
    );
}

#[test]
fn a_sibling_that_still_ran_when_the_message_was_written_did_not_lead_to_it() {
    check_both(
        "
        s server A 0..100 us host=x
          internal B 5..15 us
          publish P 10..20 us
            t consumer C 60..200 us host=y
        ",
        "A[20,100) P[10,20) A[0,10)",
        "C[60,200) queue[20,60) P[10,20) A[0,10)",
        "",
    );
}

#[test]
fn only_work_that_the_primary_root_caused_is_waited_for() {
    check_both(
        "
        s server A 0..100 us host=x id=1
        s server F 0..50 us host=x
          t consumer C 60..500 us host=y
        ",
        "A[0,100)",
        "A[0,100)",
        "multi_root",
    );
}

#[test]
fn a_link_to_the_primary_root_makes_another_root_its_effect() {
    check_both(
        "
        s server A 0..100 us host=x id=1
        t consumer L 120..150 us host=y link=1
        ",
        "A[0,100)",
        "L[120,150) queue[100,120) A[0,100)",
        "multi_root",
    );
}
