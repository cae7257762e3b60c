//! Colours: on a terminal only, unless asked for otherwise.

use std::io::IsTerminal;

use clap::ValueEnum;

/// When answers have colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Also in files and pipes
    Always,
    /// Never
    Never,
}

/// Whether answers have colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Paint(bool);

/// How a text stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
}

impl Paint {
    /// What the choice means for standard output.
    pub(crate) fn new(choice: ColorChoice) -> Paint {
        let set = |name: &str| std::env::var_os(name).unwrap_or_default();
        Paint::of(
            choice,
            std::io::stdout().is_terminal(),
            !set("NO_COLOR").is_empty(),
            set("TERM") == "dumb",
        )
    }

    fn of(choice: ColorChoice, terminal: bool, no_color: bool, dumb: bool) -> Paint {
        Paint(match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && !no_color && !dumb,
        })
    }

    /// Whether there are any.
    pub(crate) fn colours(self) -> bool {
        self.0
    }

    /// `text` in this style; as it stands without colours.
    pub(crate) fn text(self, style: Style, text: &str) -> String {
        if !self.0 || text.is_empty() {
            return text.to_owned();
        }
        let code = match style {
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Red => "31",
            Style::Green => "32",
            Style::Yellow => "33",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// How the word for a hotspot's state stands out.
pub(crate) fn of_state(state: &str) -> Option<Style> {
    match state {
        "worsening" | "regressed" => Some(Style::Red),
        "new" => Some(Style::Yellow),
        "fixed" => Some(Style::Green),
        "acknowledged" | "muted" | "not_exercised" => Some(Style::Dim),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_unless_asked_for() {
        let (auto, yes, no) = (ColorChoice::Auto, Paint(true), Paint(false));
        assert_eq!(Paint::of(auto, true, false, false), yes);
        assert_eq!(Paint::of(auto, false, false, false), no);
        assert_eq!(Paint::of(auto, true, true, false), no);
        assert_eq!(Paint::of(auto, true, false, true), no);
        assert_eq!(Paint::of(ColorChoice::Always, false, true, true), yes);
        assert_eq!(Paint::of(ColorChoice::Never, true, false, false), no);
    }
}
