//! All figures as one Markdown page: the prose is `accuracy.md` beside this file.

use hotspan_model::Millionths;
use hotspan_testkit::generator::{SCENARIOS, UNDECIDABLE};

use crate::curve::{Bin, Curve};
use crate::population::{GROUPS, Population};
use crate::sampled::Shares;
use crate::systems::Systems;
use crate::tally::{Tallies, Tally};

const PROSE: &str = include_str!("accuracy.md");

/// The whole page.
pub(crate) fn markdown(of: &Population, tallies: &Tallies, systems: &Systems, shares: &[Shares]) -> String {
    PROSE
        .replace("{seed}", &of.seed.to_string())
        .replace("{operations}", &of.operations.to_string())
        .replace("{scenarios}", &(SCENARIOS.len() + UNDECIDABLE.len()).to_string())
        .replace("{healthy}", &tallies.healthy.to_string())
        .replace("{skew}", &(of.skew / 1_000_000).to_string())
        .replace("{loss}", &(of.loss / 10_000).to_string())
        .replace("{detectors}", detectors(tallies).trim_end())
        .replace("{over traces}", rows(systems).trim_end())
        .replace("{systems}", table(systems).trim_end())
        .replace("{curve}", curve(&tallies.curve).trim_end())
        .replace("{sampled}", sampled(shares).trim_end())
}

fn detectors(tallies: &Tallies) -> String {
    let mut text =
        "| group | fault | found | missed | invented | precision | recall | within 10 % | median error | in \
                    [min, max] |\n|---|---|---|---|---|---|---|---|---|---|\n"
            .to_owned();
    for group in GROUPS {
        let of_group = tallies.rows.iter().filter(|((of, _), _)| *of == group);
        for ((_, detector), tally) in of_group {
            text += &row(group.name(), detector, tally);
        }
        text += &row(group.name(), "**all**", &tallies.all(group));
    }
    text
}

/// What detectors over traces found.
pub(crate) fn rows(of: &Systems) -> String {
    let mut text =
        "| group | fault | found | missed | invented | precision | recall |\n|---|---|---|---|---|---|---|\n"
            .to_owned();
    for ((group, detector), tally) in &of.detectors {
        let (found, missed, invented) = (tally.found, tally.missed, tally.invented);
        let (precision, recall) = (percent(tally.precision()), percent(tally.recall()));
        text += &format!(
            "| {} | {detector} | {found} | {missed} | {invented} | {precision} | {recall} |\n",
            group.name()
        );
    }
    text
}

/// What was found in each kind of system.
pub(crate) fn table(of: &Systems) -> String {
    let mut text = "| group | system | found | missed | invented |\n|---|---|---|---|---|\n".to_owned();
    for ((group, name), tally) in &of.rows {
        let (found, missed, invented) = (tally.found, tally.missed, tally.invented);
        text += &format!(
            "| {} | {name} | {found} | {missed} | {invented} |\n",
            group.name()
        );
    }
    text
}

fn row(group: &str, detector: &str, of: &Tally) -> String {
    let exact = match of.errors.is_empty() {
        true => "- | - | -".to_owned(),
        false => [of.within(100_000), of.median(), of.inside_share()]
            .map(percent)
            .join(" | "),
    };
    format!(
        "| {group} | {detector} | {} | {} | {} | {} | {} | {exact} |\n",
        of.found,
        of.missed,
        of.invented,
        percent(of.precision()),
        percent(of.recall()),
    )
}

fn curve(of: &Curve) -> String {
    let mut text =
        "| stated | findings | mean stated | observed | off by |\n|---|---|---|---|---|\n".to_owned();
    for (tenth, bin) in of.bins.iter().enumerate().filter(|(_, bin)| bin.findings > 0) {
        text += &format!(
            "| 0.{tenth} to {} | {} |\n",
            if tenth == 9 {
                "1.0".to_owned()
            } else {
                format!("0.{}", tenth + 1)
            },
            bin_row(bin)
        );
    }
    text + &format!("\nExpected calibration error: {}.\n", percent(of.error()))
}

fn bin_row(bin: &Bin) -> String {
    let doubt = if bin.speaks() { "" } else { " (too few to judge)" };
    format!(
        "{} | {} | {} | {}{doubt}",
        bin.findings,
        percent(bin.stated()),
        percent(bin.observed()),
        percent(bin.error()),
    )
}

fn sampled(shares: &[Shares]) -> String {
    let mut text = "| fault | traces kept | weighted | whole, s/h | sampled, s/h | off by | states |\n\
                    |---|---|---|---|---|---|---|\n"
        .to_owned();
    for of in shares {
        text += &format!(
            "| {} | {} | {} | {} | {} | {} | {} |\n",
            of.detector,
            of.traces,
            whole(of.weighted),
            whole(of.whole),
            whole(of.sampled),
            percent(of.off().0),
            percent(of.stated.0),
        );
    }
    let near = |times: u64| {
        let near = shares.iter().filter(|of| of.off().0 <= times * of.stated.0);
        near.count()
    };
    text + &format!(
        "\nOf {}, {} lie within one stated error of the whole stream and {} within two.\n",
        shares.len(),
        near(1),
        near(2),
    )
}

/// Rounded to one.
fn whole(of: Millionths) -> u64 {
    (of.0 + 500_000) / 1_000_000
}

/// Millionths as per cent with one decimal.
fn percent(millionths: u64) -> String {
    let tenths = (millionths + 500) / 1_000;
    format!("{}.{} %", tenths / 10, tenths % 10)
}
