//! A configuration that changes all the time, every fourth time for the worse.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::receiver::Receiver;

/// Every so many times the file is wrong.
const WRONG: u64 = 4;

/// The file, and how often it was changed.
pub(super) struct Reloads {
    file: PathBuf,
    all: u64,
    wrong: u64,
}

impl Reloads {
    /// Writes a file that is right.
    pub(super) fn new(file: PathBuf) -> Result<Reloads> {
        let reloads = Reloads {
            file,
            all: 0,
            wrong: 0,
        };
        reloads.write(1)?;
        Ok(reloads)
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Changes the file and has it read.
    pub(super) fn next(&mut self, receiver: &Receiver) -> Result<()> {
        self.all += 1;
        let is_wrong = self.all.is_multiple_of(WRONG);
        self.wrong += u64::from(is_wrong);
        match is_wrong {
            true => std::fs::write(&self.file, "alerts_learn = \"soon\"\n")?,
            false => self.write(1 + self.all % 7)?,
        }
        receiver.hang_up()
    }

    fn write(&self, learn: u64) -> Result<()> {
        let text =
            format!("log = \"info\"\nalerts_learn = \"{learn}min\"\ncritical_services = \"shop{learn}*\"\n");
        Ok(std::fs::write(&self.file, text)?)
    }

    /// Whether each of them is in the log, the right ones as taken and the wrong ones as errors.
    pub(super) fn are_in(&self, log: &str) -> bool {
        let lines = |of: &str| log.lines().filter(|line| line.contains(of)).count() as u64;
        lines("the configuration was read again") == self.all - self.wrong
            && lines("the running configuration stays") == self.wrong
    }

    /// Errors that the log has beside those of wrong files.
    pub(super) fn other_errors(&self, log: &str) -> u64 {
        let errors = log
            .lines()
            .filter(|line| line.contains(" ERROR ") || line.contains("panicked"));
        (errors.count() as u64).saturating_sub(self.wrong)
    }

    pub(super) fn count(&self) -> u64 {
        self.all
    }
}
