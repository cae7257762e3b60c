//! The verdict as Markdown that fits a comment on a pull request. Nothing that a span says can format, link or mention.

use hotspan_api::page::markdown_escaped as meaning_itself;

use super::super::verdict::{Judged, Outcome, Verdict, counted};
use super::{page, place};

/// Most bytes of a comment; what GitHub takes, less a little for what a bot adds.
const BYTES_MAX: usize = 64_000;
/// Room kept for the end.
const END_BYTES: usize = 1_000;
/// What a bot finds its comment again by.
const MARK: &str = "<!-- hotspan-check -->\n";

pub(super) fn markdown(verdict: &Verdict<'_>) -> String {
    let mark = match verdict.outcome() {
        Outcome::Clean => "✅",
        Outcome::Failed => "❌",
        Outcome::Silent => "⚠️",
    };
    let mut page = Page {
        text: format!("{MARK}### {mark} Hotspan {}\n", escaped(&verdict.headline())),
        left_out: 0,
    };
    for why in &verdict.silence {
        page.add(format!("\n- **Not enough to judge by**: {}\n", escaped(why)));
    }
    for overrun in &verdict.overruns {
        page.add(format!("\n- **Over budget**: {}\n", escaped(&overrun.sentence())));
    }
    let (failing, passed): (Vec<_>, Vec<_>) = verdict.judged.iter().partition(|one| one.fails.is_some());
    for one in failing {
        page.add(failure(one));
    }
    let passed: Vec<String> = passed.into_iter().map(line).collect();
    page.list("known or accepted", &passed);
    let fixed = verdict.fixed.iter().map(|known| {
        let what = format!("{} in {} of {}", known.detector, known.operation, known.service);
        format!("- {}\n", escaped(&what))
    });
    page.list("fixed: update the baseline", &fixed.collect::<Vec<_>>());
    let unused = verdict
        .unused
        .iter()
        .map(|of| format!("- {}\n", escaped(&of.name())));
    page.list("unused in the allow-list", &unused.collect::<Vec<_>>());
    page.end()
}

/// What was written so far, and what found no room.
struct Page {
    text: String,
    left_out: usize,
}

impl Page {
    /// Adds an item, or counts it. Once one is left out all others are, so that the order tells.
    fn add(&mut self, item: String) {
        if self.left_out > 0 || self.text.len() + item.len() + END_BYTES > BYTES_MAX {
            self.left_out += 1;
        } else {
            self.text.push_str(&item);
        }
    }

    /// Adds a folded list, as far as it fits.
    fn list(&mut self, title: &str, items: &[String]) {
        if items.is_empty() {
            return;
        }
        let (open, close) = (
            format!("\n<details><summary>{} {title}</summary>\n\n", items.len()),
            "\n</details>\n",
        );
        if self.left_out > 0 || self.text.len() + open.len() + END_BYTES > BYTES_MAX {
            self.left_out += items.len();
            return;
        }
        self.text.push_str(&open);
        for item in items {
            self.add(item.clone());
        }
        self.text.push_str(close);
    }

    fn end(mut self) -> String {
        if self.left_out > 0 {
            self.text.push_str(&format!(
                "\n{} more are left out for want of room; the other reports have them.\n",
                self.left_out
            ));
        }
        self.text
    }
}

fn failure(one: &Judged<'_>) -> String {
    let found = one.found;
    let mut out = format!(
        "\n#### {} [`{}`]({}): {}\n\n",
        one.status.name(),
        found.detector,
        page(&found.detector),
        escaped(&found.title)
    );
    let mut say = |name: &str, text: &str| {
        if !text.is_empty() {
            out.push_str(&format!("- **{name}**: {}\n", escaped(text)));
        }
    };
    say("Note", &one.status.note());
    say("Where", &found.code.first().map(place).unwrap_or_default());
    say("Fix", &found.fix);
    let seen = format!(
        "{}, {} calls in each at the median and {} at most, {} % sure",
        counted(found.traces, "trace"),
        found.calls_p50,
        found.calls_max,
        found.confidence_percent
    );
    say("Seen", &seen);
    say("Worst trace", &found.trace);
    say("Id", &found.id);
    out
}

fn line(one: &Judged<'_>) -> String {
    let note = match one.status.note() {
        note if note.is_empty() => String::new(),
        note => format!(" ({note})"),
    };
    let found = one.found;
    let what = format!("{} {}: {}{note}", one.status.name(), found.detector, found.title);
    format!("- {}\n", escaped(&what))
}

/// A text that means itself, and calls nobody.
fn escaped(text: &str) -> String {
    meaning_itself(text).replace('@', "@\u{200b}").replace('#', "\\#")
}

#[cfg(test)]
mod tests {
    use super::super::super::evidence::Evidence;
    use super::super::super::found::Found;
    use super::super::super::status::Status;
    use super::*;

    fn verdict<'a>(evidence: &'a Evidence, fails: bool) -> Verdict<'a> {
        let judged = evidence.found.iter().map(|found| Judged {
            found,
            status: Status::New,
            fails: fails.then(|| "new".to_owned()),
        });
        Verdict {
            evidence,
            judged: judged.collect(),
            overruns: Vec::new(),
            fixed: Vec::new(),
            not_exercised: Vec::new(),
            unused: Vec::new(),
            silence: Vec::new(),
        }
    }

    fn evidence(many: usize, title: &str) -> Evidence {
        let found = Found {
            title: title.to_owned(),
            detector: "slow-query".to_owned(),
            ..Found::default()
        };
        Evidence {
            found: vec![found; many],
            traces: 1,
            ..Evidence::default()
        }
    }

    #[test]
    fn a_comment_fits_and_says_what_it_leaves_out() {
        for fails in [true, false] {
            let many = evidence(3_000, &"größe ".repeat(60));
            let text = markdown(&verdict(&many, fails));
            assert!(text.len() < 65_536, "{}", text.len());
            let shown = text.matches("slow-query").count() / if fails { 2 } else { 1 };
            assert!(shown > 50, "{shown}");
            let said = format!("{} more are left out", 3_000 - shown);
            assert!(text.contains(&said), "{said} in {}", &text[text.len() - 200..]);
            assert_eq!(
                text.matches("<details>").count(),
                text.matches("</details>").count()
            );
        }
        let few = evidence(2, "slow");
        assert!(!markdown(&verdict(&few, true)).contains("left out"));
    }

    #[test]
    fn a_title_can_neither_format_nor_mention_nor_close_the_fold() {
        let hostile = evidence(1, "</details> @everyone **x** #12 [a](b) | `c`");
        let text = markdown(&verdict(&hostile, false));
        assert_eq!(text.matches("</details>").count(), 1);
        for raw in ["@everyone", "**x**", " #12", "[a](b)", "`c`"] {
            assert!(!text.contains(raw), "{raw} in {text}");
        }
    }
}
