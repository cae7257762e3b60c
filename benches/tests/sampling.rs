//! A stream of which a head sampler keeps one trace in ten says of a fault what the whole stream says.

use hotspan_benches::Line;
use hotspan_model::{Hotspot, LogTime, Millionths};
use hotspan_pipeline::Settings;
use hotspan_testkit::generator::{Generation, Noise, Operation, SCENARIOS};
use prost::Message;

const REQUESTS: u64 = 16_000;
const START: u64 = 1_700_000_000_000_000_000;

/// The only hotspot of what a sampler with this threshold lets through, and how many traces that is.
fn found(threshold: u64) -> (Hotspot, u64) {
    let scenario = SCENARIOS
        .iter()
        .find(|scenario| scenario.name == "serial-fan-out");
    let noise = Noise {
        threshold,
        ..Noise::default()
    };
    let operation = Operation::draw(
        scenario.expect("it is in the catalogue"),
        7,
        Generation::Stable,
        noise,
    );
    let mut line = Line::new(Settings::offline(1 << 30));
    let mut kept = 0;
    for n in (0..REQUESTS).filter(|&n| operation.keeps(n)) {
        let at = START + n * 200_000_000;
        kept += 1;
        for request in operation.request(n, at).requests {
            line.take(&request.encode_to_vec(), LogTime(at));
        }
    }
    let mut hotspots = line.finish().hotspots;
    // Every generated request asks for the same cart, which a cache would answer.
    hotspots.retain(|of| of.detector != "missing-cache");
    assert_eq!(hotspots.len(), 1, "one fault was drawn");
    (hotspots.remove(0), kept)
}

#[test]
fn a_tenth_of_the_traces_gives_the_impact_of_all_and_says_how_sure_that_is() {
    let ((whole, all), (sampled, kept)) = (found(0), found((1 << 56) / 10 * 9));
    assert_eq!((whole.traces, whole.weighted_traces.0), (all, all * 1_000_000));
    assert_eq!(whole.impact_relative_error, Millionths(0));
    assert_eq!(sampled.traces, kept, "raw counts stay raw");
    assert!(sampled.weighted_traces.0.abs_diff(kept * 10_000_000) < 1_000_000);
    let (of_all, of_tenth) = (whole.impact_s_per_hour.0, sampled.impact_s_per_hour.0);
    let off = Millionths::ratio(of_all.abs_diff(of_tenth), of_all);
    assert!(off <= Millionths(50_000), "{of_all} and {of_tenth}");
    let stated = sampled.impact_relative_error;
    assert!(off.0 <= 3 * stated.0, "off by {off:?}, stated {stated:?}");
    // About the root of 0.9 / 1,600.
    assert!(
        Millionths(20_000) < stated && stated < Millionths(30_000),
        "{stated:?}"
    );
}
