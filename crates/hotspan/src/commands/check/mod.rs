//! `hotspan check`: the gate of a build. Traces in, a verdict out: read, judge, report, and an exit code.

mod allow;
mod arguments;
mod baseline;
mod budgets;
mod evidence;
mod found;
mod label;
mod live;
mod report;
mod rules;
mod status;
mod traces;
mod verdict;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::input;
use crate::exit::Failure;
use crate::output::print;
use crate::progress::Progress;

pub(crate) use arguments::{CheckArguments, GateArguments};
pub(super) use evidence::Evidence;

use allow::AllowList;
use arguments::ReportFormat;
use baseline::Baseline;
use label::Label;
use traces::Traces;
use verdict::{Outcome, Verdict};

pub(crate) fn run(arguments: &CheckArguments) -> Result<(), Failure> {
    let gate = Gate::new(&arguments.gate)?;
    let label = arguments.label.as_deref().map(Label::new).transpose()?;
    let evidence = match &arguments.url {
        Some(url) => {
            live::can_judge(&gate.budgets(), label.is_some())?;
            live::evidence(url, label.as_ref(), arguments)?
        }
        None => recorded(&arguments.paths, label, &arguments.gate)?,
    };
    gate.judge(evidence)
}

/// What one recording says.
pub(super) fn recording(path: &Path, gate: &GateArguments) -> Result<Evidence> {
    recorded(&[path.to_path_buf()], None, gate)
}

/// What files say.
fn recorded(paths: &[PathBuf], label: Option<Label>, gate: &GateArguments) -> Result<Evidence> {
    let mut traces = Traces::new(&rules::tuning(gate.config.as_deref())?, label);
    input::for_each(paths, &mut Progress::new(), |request| traces.take(&request))?;
    traces.finish(gate.min_confidence)
}

/// Everything that must be right before the first span is read.
pub(super) struct Gate<'a> {
    arguments: &'a GateArguments,
    rules: verdict::Rules,
    baseline: Baseline,
    allow: AllowList,
}

impl<'a> Gate<'a> {
    /// Reads the files that the arguments name.
    pub(super) fn new(arguments: &'a GateArguments) -> Result<Gate<'a>> {
        let updates = arguments.update_baseline;
        let baseline = arguments.baseline.as_deref();
        Ok(Gate {
            rules: rules::rules(arguments)?,
            baseline: baseline
                .map_or_else(|| Ok(Baseline::default()), |path| Baseline::read(path, updates))?,
            allow: arguments
                .allow
                .as_deref()
                .map_or_else(|| Ok(AllowList::default()), AllowList::read)?,
            arguments,
        })
    }

    /// The budgets that are set, by name.
    fn budgets(&self) -> BTreeSet<&'static str> {
        budgets::set(&self.allow.budgets, self.rules.limits)
    }

    /// Judges, writes every report and the baseline, and says how it ends.
    pub(super) fn judge(&self, mut evidence: Evidence) -> Result<(), Failure> {
        let root = std::env::current_dir().ok();
        if let Some(root) = &root {
            evidence
                .found
                .iter_mut()
                .for_each(|found| found.relative_to(root));
        }
        let verdict = Verdict::new(&evidence, &self.baseline, &self.allow, &self.rules);
        let context = report::Context {
            baseline: self.arguments.baseline.as_deref(),
            root: root.as_deref(),
        };
        for report in &self.arguments.report {
            let text = report::write(report.format, &verdict, &context)?;
            replace(&report.path, &text).with_context(|| format!("--report {}", report.path.display()))?;
        }
        print(&report::write(self.arguments.output, &verdict, &context)?)?;
        if self.arguments.output != ReportFormat::Text {
            eprintln!("hotspan: {}", verdict.headline());
        }
        self.update(&verdict)?;
        match verdict.outcome() {
            Outcome::Clean => Ok(()),
            Outcome::Failed => Err(Failure::Matched),
            Outcome::Silent => Err(Failure::NoData(format!(
                "{}: this is no pass",
                verdict.silence.join("; ")
            ))),
        }
    }

    /// Writes the baseline, but not from traces that are too few or broken.
    fn update(&self, verdict: &Verdict<'_>) -> Result<()> {
        let Some(path) = self.arguments.baseline.as_deref().filter(|_| self.rules.updates) else {
            return Ok(());
        };
        if !verdict.silence.is_empty() {
            eprintln!("hotspan: {} is left as it is", path.display());
            return Ok(());
        }
        let after = self.baseline.after(&verdict.judged, &verdict.not_exercised);
        replace(path, &after.text()?).with_context(|| format!("--baseline {}", path.display()))?;
        eprintln!(
            "hotspan: {} has {} now",
            path.display(),
            verdict::counted(after.list().len() as u64, "finding")
        );
        Ok(())
    }
}

/// Whoever reads the file sees all of the old one or all of the new one. What is no plain file, a pipe say, is written to.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    if std::fs::symlink_metadata(path).is_ok_and(|of| !of.is_file()) {
        return std::fs::write(path, text);
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path)
}
