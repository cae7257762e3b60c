//! How a trace is read: overflow, tolerance, clock correction. Answers carry the settings they were made with.

use hotspan_model::{Millionths, Nanos};

/// What becomes of a child that ends after its parent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Overflow {
    /// On its parent's host it was not awaited; elsewhere it is clipped.
    #[default]
    Auto,
    /// Always clipped, as Jaeger UI and CRISP do.
    Clip,
    /// Always off the response path, as Kibana does.
    Detach,
}

/// How far two siblings may overlap and still count as one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tolerance {
    /// The clock's step and residual, at most a tenth of the parent.
    #[default]
    Auto,
    /// So long, whatever the clock.
    Fixed(Nanos),
    /// Less than this share of the parent.
    Percent(Millionths),
}

/// How a trace is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Settings {
    /// Children that outlive their parent.
    pub overflow: Overflow,
    /// Overlap of siblings.
    pub tolerance: Tolerance,
    /// Whether clocks of hosts are corrected.
    pub skew_correction: bool,
    /// Clocks further off than this are left alone.
    pub skew_max: Nanos,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            overflow: Overflow::Auto,
            tolerance: Tolerance::Auto,
            skew_correction: true,
            skew_max: Nanos::from_secs(600),
        }
    }
}

impl Settings {
    /// Reads traces as Jaeger UI does, for comparison.
    pub fn jaeger_compatible() -> Settings {
        Settings {
            overflow: Overflow::Clip,
            tolerance: Tolerance::Fixed(Nanos::ZERO),
            ..Settings::default()
        }
    }
}
