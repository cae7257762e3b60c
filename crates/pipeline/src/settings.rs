//! The settings of one shard, part by part.

use hotspan_model::Tuning;

/// Which time windows, trends, first and last sightings are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// Log time of the decision: a live stream.
    #[default]
    Log,
    /// The time that spans claim: a file knows no arrival.
    Claimed,
}

/// Everything that decides an answer.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// When traces are decided, and what gives way.
    pub assembly: hotspan_assembly::Settings,
    /// How paths are found and which thresholds detectors use.
    pub analysis: hotspan_analysis::AnalyserSettings,
    /// How much is remembered.
    pub hotspots: hotspan_hotspots::Settings,
    /// Which time counts.
    pub clock: Clock,
}

impl Settings {
    /// With these thresholds and efforts, in analysis and in hotspots alike.
    #[must_use]
    pub fn tuned(mut self, tuning: &Tuning) -> Settings {
        self.analysis.tuning = tuning.clone();
        self.hotspots.tuning = tuning.clone();
        self
    }

    /// For files: log time stands still, everything is decided at the end of input.
    pub fn offline(bytes_max: u64) -> Settings {
        Settings {
            assembly: hotspan_assembly::Settings::offline(bytes_max),
            clock: Clock::Claimed,
            ..Settings::default()
        }
    }
}
