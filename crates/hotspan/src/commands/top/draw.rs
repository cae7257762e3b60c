//! The screen of a state: header, list or one hotspot, footer. Any size of terminal will do.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Row, Table, TableState, Wrap};
use serde_json::Value;

use super::state::{Screen, State};
use crate::commands::hotspots::facts;
use crate::output::{Style as Said, amount, at, nanos, of_state, percent_of, text};

/// Width from which the detector has a column.
const WIDE: u16 = 110;
/// Width from which numbers beside the priority have one.
const MIDDLE: u16 = 70;
/// Columns of the headings of one hotspot.
const HEADING: usize = 12;

const HELP: &str = "\
j, Down    next              k, Up      the one before
g, Home    first             G, End     last
Space      ten further       PageUp     ten back
Enter      show one          Esc        back; in the list: no filter
/          filter by words in title, service, operation, detector, state, id
q, Ctrl-C  end

Any key goes back to the list. hotspan hotspots show ID prints one with its traces.";

/// Draws everything.
pub(super) fn all(frame: &mut Frame<'_>, state: &State, now: Duration) {
    let [head, body, foot] =
        Layout::vertical([Constraint::Length(2), Constraint::Min(0), Constraint::Length(1)])
            .areas(frame.area());
    frame.render_widget(header(state, now), head);
    match (state.screen(), state.chosen()) {
        (Screen::Help, _) => frame.render_widget(Paragraph::new(HELP), body),
        (Screen::Detail(line), Some(hotspot)) => detail(frame, body, hotspot, (state, line)),
        (Screen::List | Screen::Detail(_), _) => list(frame, body, state),
    }
    frame.render_widget(Paragraph::new(footer(state)), foot);
}

fn header(state: &State, now: Duration) -> Paragraph<'static> {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let second = match state.trouble(now) {
        Some(trouble) => Line::styled(
            trouble,
            colour(state, Some(Said::Red)).add_modifier(Modifier::BOLD),
        ),
        None => Line::default(),
    };
    Paragraph::new(vec![
        Line::from(vec![Span::styled("hotspan top  ", bold), Span::raw(state.head())]),
        second,
    ])
}

fn footer(state: &State) -> String {
    match (state.filter(), state.screen()) {
        ((filter, true), _) => format!("/{filter}▏  Enter keeps it, Esc drops it"),
        (_, Screen::Detail(_)) => "j k scroll  Esc back  ? help  q end".to_owned(),
        (_, Screen::Help) => "any key goes back".to_owned(),
        (("", false), Screen::List) => match state.beyond() {
            0 => "/ filter  Enter detail  j k g G move  ? help  q end".to_owned(),
            beyond => format!("{beyond} more are not shown  / filter  Enter detail  ? help  q end"),
        },
        ((filter, false), Screen::List) => format!("filter: {filter}  Esc drops it  ? help  q end"),
    }
}

/// A column: heading, width, cell.
type Column = (&'static str, u16, fn(&Value) -> String);

fn columns(width: u16) -> Vec<Column> {
    let mut columns: Vec<Column> = vec![("#", 3, |row| text(&row["rank"]))];
    columns.push(("PRIORITY", 8, |row| amount(&row["priority"])));
    if width >= MIDDLE {
        columns.push(("SAVES", 7, |row| nanos(at(row, "saving_ns.likely"))));
        columns.push(("CONF", 5, |row| percent_of(&row["confidence"])));
        columns.push(("SEEN", 6, |row| text(&row["traces"])));
        columns.push(("STATE", 12, |row| text(&row["state"])));
        columns.push(("SERVICE", 14, |row| text(&row["service"])));
    }
    if width >= WIDE {
        columns.push(("DETECTOR", 20, |row| text(&row["detector"])));
    }
    columns.push(("WHAT", u16::MAX, |row| text(&row["title"])));
    columns
}

fn list(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let shown = state.shown();
    if shown.is_empty() {
        let said = match state.filter().0 {
            "" => "no hotspots yet",
            _ => "no hotspot has these words",
        };
        return frame.render_widget(Paragraph::new(said), area);
    }
    let columns = columns(area.width);
    let rows = shown.iter().map(|row| {
        let cells: Vec<String> = columns.iter().map(|(_, _, cell)| cell(row)).collect();
        Row::new(cells).style(colour(state, of_state(&text(&row["state"]))))
    });
    let widths = columns.iter().map(|&(_, width, _)| match width {
        u16::MAX => Constraint::Min(0),
        width => Constraint::Length(width),
    });
    let heading = Row::new(columns.iter().map(|(heading, ..)| *heading));
    let table = Table::new(rows, widths)
        .header(heading.style(Style::new().add_modifier(Modifier::BOLD)))
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    let mut chosen = TableState::default().with_selected(Some(state.place()));
    frame.render_stateful_widget(table, area, &mut chosen);
}

fn detail(frame: &mut Frame<'_>, area: Rect, hotspot: &Value, (state, line): (&State, u16)) {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let mut lines = vec![Line::styled(text(&hotspot["title"]), bold), Line::default()];
    for (heading, said) in facts(hotspot) {
        let style = match heading {
            "state" => colour(state, of_state(&text(&hotspot["state"]))),
            _ => Style::new(),
        };
        lines.push(Line::from(vec![
            Span::raw(format!("{heading:<HEADING$}")),
            Span::styled(said, style),
        ]));
    }
    lines.push(Line::default());
    lines.push(Line::raw(format!(
        "hotspan hotspots show {} prints its traces",
        text(&hotspot["id"])
    )));
    // Never scrolled beyond what is there: at least the last line stays.
    let last = u16::try_from(lines.len().saturating_sub(1)).unwrap_or(u16::MAX);
    let paragraph = Paragraph::new(lines).wrap(Wrap { trim: false });
    frame.render_widget(paragraph.scroll((line.min(last), 0)), area);
}

fn colour(state: &State, style: Option<Said>) -> Style {
    let Some(style) = style.filter(|_| state.colours()) else {
        return Style::new();
    };
    match style {
        Said::Red => Style::new().fg(Color::Red),
        Said::Green => Style::new().fg(Color::Green),
        Said::Yellow => Style::new().fg(Color::Yellow),
        Said::Dim => Style::new().add_modifier(Modifier::DIM),
        Said::Bold => Style::new().add_modifier(Modifier::BOLD),
    }
}
