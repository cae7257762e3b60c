//! Traces for people: one line a span, a bar for when it ran, its critical-path time.

use hotspan_api::shape::clean;
use hotspan_model::Nanos;

use crate::output::{Paint, Style};

/// Columns of the bar.
const BAR: u64 = 40;
/// Letters of a span's name, indented by its depth.
const NAME: usize = 58;
/// From this depth on names are indented no further.
const DEPTH: u32 = 20;

/// Spans that share a line: one, or siblings that do the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) depth: u32,
    pub(crate) service: String,
    pub(crate) operation: String,
    /// When they ran, earliest first, in nanoseconds of one clock.
    pub(crate) ran: Vec<(u64, u64)>,
    /// Their critical-path time.
    pub(crate) path: Nanos,
    pub(crate) failed: bool,
    pub(crate) mark: Mark,
}

/// What a span is to the hotspot that is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mark {
    #[default]
    None,
    /// The fault sits under it.
    Anchor,
    /// It is one of the calls.
    Member,
}

impl Line {
    /// How long they ran together.
    fn duration(&self) -> Nanos {
        Nanos(self.ran.iter().map(|(from, to)| to.saturating_sub(*from)).sum())
    }

    fn name(&self) -> String {
        let count = match self.ran.len() {
            0 | 1 => String::new(),
            many => format!(" ×{many}"),
        };
        let indent = "  ".repeat(self.depth.min(DEPTH) as usize);
        let name = clean(&format!("{indent}{} {}", self.service, self.operation));
        let room = NAME - count.chars().count();
        name.chars().take(room).collect::<String>() + &count
    }
}

/// The lines under each other. `!` is before a span that failed, `>` before the anchor, `*` before what it calls.
pub(crate) fn draw(lines: &[Line], paint: Paint) -> String {
    let ran = || lines.iter().flat_map(|line| &line.ran);
    let start = ran().map(|(from, _)| *from).min().unwrap_or(0);
    let end = ran().map(|(_, to)| *to).max().unwrap_or(start);
    lines.iter().map(|line| one(line, (start, end), paint)).collect()
}

fn one(line: &Line, all: (u64, u64), paint: Paint) -> String {
    let mark = match (line.failed, line.mark) {
        (true, _) => "!",
        (false, Mark::Anchor) => ">",
        (false, Mark::Member) => "*",
        (false, Mark::None) => " ",
    };
    let bar = bar(line, all);
    let (bar, name) = (
        match line.mark {
            Mark::None => bar,
            Mark::Anchor | Mark::Member => paint.text(Style::Red, &bar),
        },
        format!("{:<NAME$}", line.name()),
    );
    format!(
        "{mark}{name} |{bar}| {:>7}  path {}\n",
        line.duration().to_string(),
        line.path
    )
}

/// `#` while it ran and was waited for, `-` while it ran beside that.
fn bar(line: &Line, (start, end): (u64, u64)) -> String {
    let length = u128::from((end - start).max(1));
    let column = |time: u64| (u128::from(time.saturating_sub(start)) * u128::from(BAR) / length) as u64;
    let sign = if line.path > Nanos::ZERO { '#' } else { '-' };
    let covers = |at: u64| {
        line.ran.iter().any(|&(from, to)| {
            let from = column(from);
            from <= at && at < column(to).max(from + 1)
        })
    };
    (0..BAR).map(|at| if covers(at) { sign } else { ' ' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(ran: &[(u64, u64)], path: u64) -> Line {
        Line {
            depth: 1,
            service: "shop".to_owned(),
            operation: "SELECT".to_owned(),
            ran: ran.to_vec(),
            path: Nanos(path),
            failed: false,
            mark: Mark::Member,
        }
    }

    #[test]
    fn what_ran_is_drawn_where_it_ran() {
        let lines = [line(&[(0, 10), (20, 30)], 20), line(&[(30, 40)], 0)];
        let text = draw(&lines, Paint::default());
        let bars: Vec<&str> = text.lines().filter_map(|line| line.split('|').nth(1)).collect();
        let (ran, rest) = ("#".repeat(10), " ".repeat(10));
        assert_eq!(
            bars,
            [
                format!("{ran}{rest}{ran}{rest}"),
                rest.repeat(3) + &"-".repeat(10)
            ]
        );
        assert!(text.starts_with("*  shop SELECT ×2 "), "{text}");
        assert!(text.contains("|   20 ns  path 20 ns"), "{text}");
    }

    #[test]
    fn a_moment_has_a_column_and_a_long_name_does_not_break_the_line() {
        let mut long = line(&[(5, 5)], 0);
        long.operation = "x".repeat(500);
        let text = draw(&[line(&[(0, 1000)], 1), long], Paint::default());
        let widths: Vec<Option<usize>> = text
            .lines()
            .map(|line| line.chars().position(|c| c == '|'))
            .collect();
        assert_eq!(widths[0], widths[1], "{text}");
        assert!(draw(&[], Paint::default()).is_empty());
    }
}
