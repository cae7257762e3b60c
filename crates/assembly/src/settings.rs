//! What the operator may set, and what must hold between the values.

use std::fmt;

use hotspan_model::Nanos;

use crate::session::STUB_BYTES;

/// The deciding constants of one shard. All times are log time. Part of the digest `rules`: they change at a
/// control record only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Quiet time after which a trace with nothing missing is decided.
    pub complete_quiet: Nanos,
    /// Quiet time after which a trace with a root is decided.
    pub root_quiet: Nanos,
    /// Quiet time after which a trace without a root is decided.
    pub rootless_quiet: Nanos,
    /// Age at which a trace is decided, quiet or not.
    pub age: Nanos,
    /// Silence that ends a session (G).
    pub gap: Nanos,
    /// Age at which a session's spans are given up (X).
    pub stub_age: Nanos,
    /// Wait for more late spans before a second version; doubles with each version.
    pub late_debounce: Nanos,
    /// Longest wait of the first pending late span; doubles with each version.
    pub late_debounce_max: Nanos,
    /// Versions after which only one last comes.
    pub versions_max: u8,
    /// Spans held of one trace before siblings are folded.
    pub spans_max: u32,
    /// Accounted bytes of one trace.
    pub trace_bytes_max: u64,
    /// Slowest members that a folded group keeps.
    pub group_kept: u32,
    /// Disjoint intervals that a folded group keeps.
    pub group_intervals_max: u32,
    /// Accounted bytes of the shard.
    pub bytes_max: u64,
    /// Undecided sessions of the shard.
    pub open_max: u64,
    /// Sessions of the shard in any state.
    pub sessions_max: u64,
}

/// Accounted bytes above which slots could no longer be numbered.
const BYTES_MAX: u64 = 128 << 30;

/// However little memory there is, so many sessions are remembered, and never more.
const SESSIONS_LEAST: u64 = 80_000;
const SESSIONS_MOST: u64 = 16_000_000;

/// Longer than any log.
const NEVER: Nanos = Nanos(u64::MAX);

impl Default for Settings {
    fn default() -> Self {
        Settings {
            complete_quiet: Nanos::from_millis(1_500),
            root_quiet: Nanos::from_secs(8),
            rootless_quiet: Nanos::from_secs(15),
            age: Nanos::from_secs(90),
            gap: Nanos::from_secs(60),
            stub_age: Nanos::from_secs(120),
            late_debounce: Nanos::from_secs(1),
            late_debounce_max: Nanos::from_secs(5),
            versions_max: 8,
            spans_max: 50_000,
            trace_bytes_max: 32 << 20,
            group_kept: 16,
            group_intervals_max: 256,
            bytes_max: 256 << 20,
            open_max: 100_000,
            sessions_max: 1_000_000,
        }
    }
}

impl Settings {
    /// For a file, which knows no arrival: no timer runs, and only `bytes_max` decides before the end of input.
    pub fn offline(bytes_max: u64) -> Settings {
        Settings {
            complete_quiet: NEVER,
            root_quiet: NEVER,
            rootless_quiet: NEVER,
            age: NEVER,
            gap: NEVER,
            stub_age: NEVER,
            late_debounce: NEVER,
            late_debounce_max: NEVER,
            spans_max: u32::MAX,
            trace_bytes_max: u64::MAX,
            bytes_max: bytes_max.min(BYTES_MAX),
            open_max: u64::MAX,
            sessions_max: u64::MAX,
            ..Settings::default()
        }
    }

    /// The usual ones within so many accounted bytes. A trace is remembered for a minute (`gap`) after it ended, however
    /// many come, so that the number of sessions follows the memory: their stubs alone may take a quarter of it.
    pub fn within(bytes_max: u64) -> Settings {
        let bytes_max = bytes_max.min(BYTES_MAX);
        let sessions_max = (bytes_max / 4 / STUB_BYTES).clamp(SESSIONS_LEAST, SESSIONS_MOST);
        Settings {
            bytes_max,
            sessions_max,
            open_max: sessions_max / 8,
            ..Settings::default()
        }
    }

    /// Whether the values fit together; all that do not, each with its keys. [`Settings::offline`] needs no check.
    pub fn check(&self) -> Result<(), SettingsError> {
        let quiets = [
            ("complete_quiet", self.complete_quiet),
            ("root_quiet", self.root_quiet),
            ("rootless_quiet", self.rootless_quiet),
        ];
        let mut wrong = Vec::new();
        let mut demand = |holds: bool, what: String| {
            if !holds {
                wrong.push(what);
            }
        };
        for (key, quiet) in quiets {
            demand(
                quiet < self.age,
                format!("{key} ({quiet}) must be below age ({})", self.age),
            );
            demand(
                quiet < self.gap,
                format!("{key} ({quiet}) must be below gap ({})", self.gap),
            );
        }
        let age = format!("age ({}) must be at most stub_age ({})", self.age, self.stub_age);
        demand(self.age <= self.stub_age, age);
        let gap = format!("gap ({}) must be at most stub_age ({})", self.gap, self.stub_age);
        demand(self.gap <= self.stub_age, gap);
        demand(
            (1..=32).contains(&self.versions_max),
            format!("versions_max ({}) must be 1 to 32", self.versions_max),
        );
        demand(
            self.spans_max >= 2,
            format!("spans_max ({}) must be at least 2", self.spans_max),
        );
        let kept = self.group_kept;
        demand(1 <= kept, format!("group_kept ({kept}) must be at least 1"));
        let intervals = self.group_intervals_max;
        demand(
            intervals >= 1,
            format!("group_intervals_max ({intervals}) must be at least 1"),
        );
        let bytes = self.bytes_max;
        demand(
            bytes <= BYTES_MAX,
            format!("bytes_max ({bytes}) must be at most {BYTES_MAX}"),
        );
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(SettingsError(wrong))
        }
    }
}

/// Every demand that the settings do not meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError(pub Vec<String>);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for SettingsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_fit_together() {
        assert_eq!(Settings::default().check(), Ok(()));
    }

    #[test]
    fn more_memory_remembers_more_traces() {
        let (small, large) = (Settings::within(128 << 20), Settings::within(3 << 30));
        assert_eq!((small.check(), large.check()), (Ok(()), Ok(())));
        assert!(small.sessions_max > 250_000 && large.sessions_max > 20 * small.sessions_max);
        assert!(small.sessions_max * STUB_BYTES <= small.bytes_max / 4);
        assert_eq!(Settings::within(0).sessions_max, SESSIONS_LEAST);
        assert_eq!(Settings::within(u64::MAX).sessions_max, SESSIONS_MOST);
    }

    #[test]
    fn every_wrong_value_is_named_at_once() {
        let settings = Settings {
            root_quiet: Nanos::from_secs(60),
            age: Nanos::from_secs(121),
            versions_max: 0,
            ..Settings::default()
        };
        let wrong = settings.check().unwrap_err().0;
        assert_eq!(wrong.len(), 3, "{wrong:?}");
        assert!(
            wrong[0].starts_with("root_quiet (60 s) must be below gap"),
            "{wrong:?}"
        );
    }
}
