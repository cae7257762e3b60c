//! Progress of long work on stderr, on a terminal only.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// How often the line is drawn again.
const EVERY: Duration = Duration::from_millis(200);

/// One line that says how far reading is.
#[derive(Debug)]
pub(crate) struct Progress {
    shown: bool,
    drawn: Instant,
    name: String,
    size: u64,
}

impl Progress {
    pub(crate) fn new() -> Progress {
        let shown = std::io::stderr().is_terminal();
        Progress {
            shown,
            drawn: Instant::now(),
            name: String::new(),
            size: 0,
        }
    }

    /// A file begins.
    pub(crate) fn file(&mut self, path: &Path, size: u64) {
        self.name = path.display().to_string();
        self.size = size;
    }

    /// So many bytes of it are read.
    pub(crate) fn read(&mut self, bytes: u64) {
        if !self.shown || self.drawn.elapsed() < EVERY {
            return;
        }
        self.drawn = Instant::now();
        let share = (bytes * 100)
            .checked_div(self.size)
            .map_or(String::new(), |share| format!(" {share} %"));
        self.draw(&format!("reading {}{share}", self.name));
    }

    /// Nothing more is read.
    pub(crate) fn done(&mut self) {
        if self.shown {
            self.draw("");
        }
    }

    fn draw(&self, line: &str) {
        let mut stderr = std::io::stderr();
        // A terminal that went away takes its progress with it.
        drop(write!(stderr, "\r\x1b[K{line}").and_then(|()| stderr.flush()));
    }
}
