//! One event is one line of bounded length, whatever the text that it tells of.

use std::borrow::Cow;
use std::io::{self, Write};

use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

/// Longest line, in bytes.
const LINE_BYTES_MAX: usize = 4 << 10;
/// What the texts of a longer line of JSON are cut to, in characters: a line has some ten fields.
const TEXT_CHARS_MAX: usize = 256;

/// Writes lines to what `W` makes.
#[derive(Clone, Debug)]
pub(super) struct Lines<W>(pub(super) W);

/// Writes one line, which comes whole.
#[derive(Debug)]
pub(super) struct Line<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Lines<W> {
    type Writer = Line<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Line(self.0.make_writer())
    }
}

impl<W: Write> Write for Line<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(&fit(line))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn fit(line: &[u8]) -> Cow<'_, [u8]> {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    if text.len() < LINE_BYTES_MAX && !text.contains(&b'\n') {
        return Cow::Borrowed(line);
    }
    let mut fit = shorter_json(text).unwrap_or_else(|| shorter(&String::from_utf8_lossy(text)));
    fit.push('\n');
    Cow::Owned(fit.into_bytes())
}

fn shorter(text: &str) -> String {
    let end = text.floor_char_boundary(LINE_BYTES_MAX - 64);
    let mut shorter = text[..end].replace('\n', "\\n");
    shorter.truncate(shorter.floor_char_boundary(LINE_BYTES_MAX - 64));
    if end < text.len() {
        shorter += &format!(" … (cut from {} bytes)", text.len());
    }
    shorter
}

/// The same of a line of JSON, which stays JSON.
fn shorter_json(text: &[u8]) -> Option<String> {
    let mut line: Value = serde_json::from_slice(text).ok()?;
    let top = line.as_object_mut()?;
    for value in top.values_mut() {
        match value.as_object_mut() {
            Some(fields) => fields.values_mut().for_each(cut),
            None => cut(value),
        }
    }
    top.insert("cut_from_bytes".to_owned(), text.len().into());
    let cut = line.to_string();
    let whence = |key: &str| line[key].clone();
    Some(match cut.len() < LINE_BYTES_MAX {
        true => cut,
        false => {
            let [at, level, target] = ["timestamp", "level", "target"].map(whence);
            serde_json::json!({ "timestamp": at, "level": level, "target": target, "cut_from_bytes": text.len() })
                .to_string()
        }
    })
}

/// Texts keep their beginning; lists, which the log has none of its own of, go.
fn cut(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((end, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
                text.truncate(end);
                text.push('…');
            }
        }
        Value::Array(_) | Value::Object(_) => *value = Value::Null,
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::Layer as _;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// What the log of this process would have after `say`.
    fn logged(is_json: bool, say: impl FnOnce()) -> String {
        let all = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&all);
        let layer = tracing_subscriber::fmt::layer().with_writer(Lines(move || Shared(Arc::clone(&writer))));
        let layer = match is_json {
            true => layer.json().boxed(),
            false => layer.with_ansi(false).boxed(),
        };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), say);
        let bytes = all.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn o8_a_line_is_one_line_of_bounded_length() {
        for length in [10, 100, 4_000, 100_000] {
            for is_json in [false, true] {
                let long = "ü\n".repeat(length);
                let log = logged(is_json, || {
                    tracing::warn!(service = %long, other = ?long, count = 7, "what is said");
                });
                assert!(log.len() <= LINE_BYTES_MAX, "{} bytes", log.len());
                assert_eq!(log.matches('\n').count(), 1, "{log}");
                assert!(log.contains("WARN") && log.contains("what is said"), "{log}");
                if is_json {
                    let line: Value = serde_json::from_str(&log).unwrap();
                    assert_eq!(line["fields"]["count"], 7);
                }
            }
        }
    }

    #[test]
    fn o8_a_usual_line_is_as_it_was_said() {
        let log = logged(false, || tracing::warn!(service = "shop", "what is said"));
        assert!(log.ends_with("what is said service=\"shop\"\n"), "{log}");
        let line: Value =
            serde_json::from_str(&logged(true, || tracing::warn!(service = "shop", "said"))).unwrap();
        assert_eq!(line["fields"]["service"], "shop");
        assert_eq!(line.get("cut_from_bytes"), None);
    }

    #[test]
    fn o8_of_a_line_that_is_long_whatever_is_cut_only_the_head_is_left() {
        let fields: String = (0..99)
            .map(|n| format!(r#""f{n}":"{}","#, "x".repeat(300)))
            .collect();
        let line =
            format!(r#"{{"timestamp":"now","level":"WARN","fields":{{{fields}"end":1}},"target":"here"}}"#);
        let fit = fit(line.as_bytes());
        let fit: Value = serde_json::from_slice(&fit).unwrap();
        assert_eq!(
            (&fit["level"], &fit["cut_from_bytes"]),
            (&"WARN".into(), &line.len().into())
        );
    }
}
