//! The same stream twice, whole and with one trace in ten: how far the impacts are apart, and whether the answer
//! knew.

use hotspan_benches::Line;
use hotspan_model::{Hotspot, LogTime, Millionths};
use hotspan_pipeline::Settings;
use hotspan_testkit::generator::{BASIC, Generation, Noise, Operation};
use prost::Message;

use crate::population::TENTH;

/// Requests of each operation. With a tenth of them an impact that is 5 % off is four standard errors off, or less
/// where only some requests would save.
const REQUESTS: u64 = 60_000;
/// Their time, in which they are spread over the better part of an hour.
const START: u64 = 1_700_000_000_000_000_000;
const APART: u64 = 50_000_000;
/// How far an impact may be off.
const OFF_MAX: Millionths = Millionths(50_000);

/// What the two streams say of one fault.
pub(crate) struct Shares {
    pub(crate) detector: &'static str,
    /// Raw and weighted counts of the sampled one, the latter in millionths.
    pub(crate) traces: u64,
    pub(crate) weighted: Millionths,
    pub(crate) whole: Millionths,
    pub(crate) sampled: Millionths,
    /// The standard error that the sampled one states.
    pub(crate) stated: Millionths,
}

impl Shares {
    /// How far the sampled one is off.
    pub(crate) fn off(&self) -> Millionths {
        Millionths::ratio(self.whole.0.abs_diff(self.sampled.0), self.whole.0)
    }

    /// An impact below a second an hour is nothing to be right about.
    pub(crate) fn is_good(&self) -> bool {
        self.whole < Millionths::ONE || self.off() <= OFF_MAX
    }
}

/// One entry for each fault of the everyday mix.
pub(crate) fn shares(seed: u64) -> Vec<Shares> {
    let draw = |(n, scenario)| Operation::draw(scenario, seed + n, Generation::Stable, Noise::default());
    let operations = (0..).zip(BASIC).map(draw);
    let mut shares: Vec<Shares> = Vec::new();
    for operation in operations {
        let fault = operation.case.fault.as_ref();
        if fault.is_some_and(|fault| shares.iter().all(|of| of.detector != fault.detector)) {
            shares.extend(compared(&operation));
        }
    }
    shares
}

fn compared(operation: &Operation) -> Option<Shares> {
    let fault = operation.case.fault.as_ref()?;
    let stream = |threshold| hotspot(operation, threshold, fault.detector);
    let (whole, sampled) = (stream(0)?, stream(TENTH)?);
    Some(Shares {
        detector: fault.detector,
        traces: sampled.traces,
        weighted: sampled.weighted_traces,
        whole: whole.impact_s_per_hour,
        sampled: sampled.impact_s_per_hour,
        stated: sampled.impact_relative_error,
    })
}

/// What a sampler with this threshold lets through shows of the fault.
fn hotspot(operation: &Operation, threshold: u64, detector: &str) -> Option<Hotspot> {
    let mut operation = operation.clone();
    operation.noise.threshold = threshold;
    let mut line = Line::new(Settings::offline(1 << 30));
    for n in (0..REQUESTS).filter(|&n| operation.keeps(n)) {
        let at = START + n * APART;
        for request in operation.request(n, at).requests {
            line.take(&request.encode_to_vec(), LogTime(at));
        }
    }
    let mut hotspots = line.finish().hotspots.into_iter();
    hotspots.find(|hotspot| hotspot.detector == detector)
}
