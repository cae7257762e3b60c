//! Shares of critical-path time as stacked bars.

use super::CHARS_MAX;
use super::html::escaped;
use crate::shape::{Bottleneck, Decimal, clean_to};

/// Width of a bar that is the whole of its picture, in pixels.
const WIDTH: u64 = 520;
/// Where bars begin, and what lies right of them.
const LEFT: u64 = 250;
const RIGHT: u64 = 130;
/// Height of a row, and of its bar.
const ROW: u64 = 26;
const BAR: u64 = 16;
/// Characters of a name beside its bar.
const NAME: usize = 36;
/// A category below this share of its bar, in ten-thousandths, is not named.
const NAMED: u64 = 100;

/// One bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) name: String,
    /// Nanoseconds.
    pub(super) time: u64,
    pub(super) share: Decimal,
    /// Category, its nanoseconds, its share of the bar.
    parts: [(&'static str, u64, Decimal); 7],
}

impl Bar {
    pub(super) fn new(of: &Bottleneck) -> Bar {
        let names = [of.service.as_deref(), of.operation.as_deref()];
        let names: Vec<&str> = names.into_iter().flatten().collect();
        let name = match names.is_empty() {
            true => "all services".to_owned(),
            false => clean_to(&names.join(" "), CHARS_MAX),
        };
        let (time, share) = (&of.critical_path_ns, &of.critical_path_share);
        let parts = [
            ("self", time.own_time, share.own_time),
            ("db", time.db, share.db),
            ("cache", time.cache, share.cache),
            ("internal", time.internal, share.internal),
            ("third_party", time.third_party, share.third_party),
            ("queue", time.queue, share.queue),
            ("gap", time.gap, share.gap),
        ];
        Bar {
            name,
            time: parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.1)),
            share: of.share,
            parts,
        }
    }

    /// Its categories in words, dearest first.
    pub(super) fn said(&self) -> String {
        let mut parts: Vec<_> = self
            .parts
            .iter()
            .filter(|part| NAMED <= part.2.ten_thousandths())
            .collect();
        // Stable, so that equal ones stay in the order of categories.
        parts.sort_by_key(|part| std::cmp::Reverse(part.1));
        let parts: Vec<String> = parts
            .iter()
            .map(|(name, _, share)| format!("{} {}", name.replace('_', " "), share.percent()))
            .collect();
        parts.join(", ")
    }
}

/// Draws bars to one scale, with the categories that occur in a legend.
pub(super) fn draw(bars: &[Bar], out: &mut String) {
    let longest = bars.iter().map(|bar| bar.time).max().unwrap_or(0).max(1);
    let scaled = |time: u64| {
        u64::try_from(u128::from(time) * u128::from(WIDTH) / u128::from(longest)).unwrap_or(WIDTH)
    };
    let (width, height) = (LEFT + WIDTH + RIGHT, ROW * bars.len() as u64);
    out.push_str(&format!(
        "<figure><svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">\n"
    ));
    for (row, bar) in (0..).zip(bars) {
        let top = row * ROW;
        let (name, full) = (escaped(&clean_to(&bar.name, NAME)), escaped(&bar.name));
        let middle = top + ROW / 2 + 4;
        out.push_str(&format!(
            "<g><title>{full}: {}</title><text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{name}</text>",
            escaped(&bar.said()),
            LEFT - 10
        ));
        let mut before = 0_u64;
        for &(category, time, _) in &bar.parts {
            let (from, to) = (scaled(before), scaled(before.saturating_add(time)));
            before = before.saturating_add(time);
            if from < to {
                let (x, y, long) = (LEFT + from, top + (ROW - BAR) / 2, to - from);
                out.push_str(&format!(
                    "<rect class=\"{category}\" x=\"{x}\" y=\"{y}\" width=\"{long}\" height=\"{BAR}\"/>"
                ));
            }
        }
        let (end, share) = (LEFT + scaled(bar.time) + 8, bar.share.percent());
        out.push_str(&format!(
            "<text class=\"faint\" x=\"{end}\" y=\"{middle}\">{share}</text></g>\n"
        ));
    }
    out.push_str("</svg>\n");
    legend(bars, out);
    out.push_str("</figure>\n");
}

fn legend(bars: &[Bar], out: &mut String) {
    let (mut x, mut drawn) = (0, String::new());
    for at in 0..7 {
        let Some(&(name, ..)) = bars.iter().map(|bar| &bar.parts[at]).find(|part| part.1 > 0) else {
            continue;
        };
        let words = name.replace('_', " ");
        drawn.push_str(&format!(
            "<rect class=\"{name}\" x=\"{x}\" y=\"4\" width=\"12\" height=\"12\"/><text class=\"faint\" x=\"{}\" y=\"15\">{words}</text>",
            x + 18
        ));
        x += 40 + 8 * words.len();
    }
    if x > 0 {
        out.push_str(&format!(
            "<svg viewBox=\"0 0 {x} 20\" width=\"{x}\" height=\"20\">{drawn}</svg>\n"
        ));
    }
}
