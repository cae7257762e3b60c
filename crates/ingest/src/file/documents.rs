//! JSON documents one after another: on lines, in one array, or a single one over many lines.
//!
//! Only braces, brackets and strings are told apart here, so that a file of any size needs the memory of its
//! largest document. What a document means is the decoder's to say.

use super::{Problem, REQUEST_BYTES_MAX, Source, jaeger};

/// Finds where documents begin and end.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Documents {
    /// Inside the brackets of one array around all documents.
    is_in_array: bool,
}

/// Whether content starts as JSON does. `{` and `[` are lengths of protobuf requests too, so what follows counts.
pub(super) fn is_json(start: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let mut signs = start.iter().filter(|byte| !byte.is_ascii_whitespace());
    match signs.next() {
        Some(b'{') => matches!(signs.next(), None | Some(b'"' | b'}')),
        Some(b'[') => matches!(signs.next(), None | Some(b'{' | b']')),
        _ => false,
    }
}

impl Documents {
    /// The next object, from its first brace to its last.
    pub(super) fn next(&mut self, source: &mut Source) -> Result<Option<Vec<u8>>, Problem> {
        if !self.start(source)? {
            return Ok(None);
        }
        let at = source.at;
        let mut document = Vec::new();
        let mut scan = Scan::default();
        loop {
            let buffer = source.buffer()?;
            if buffer.is_empty() {
                return Err(Problem::Form {
                    at,
                    found: "a JSON document that does not end".into(),
                });
            }
            let end = scan.end(buffer);
            let used = end.unwrap_or(buffer.len());
            document.extend_from_slice(&buffer[..used]);
            source.consume(used);
            if end.is_some() {
                return Ok(Some(document));
            }
            let size = document.len() as u64;
            if size > REQUEST_BYTES_MAX {
                return Err(Problem::TooLarge { at, size });
            }
        }
    }

    /// Skips what stands between documents; whether there is one more.
    fn start(&mut self, source: &mut Source) -> Result<bool, Problem> {
        loop {
            let at = source.at;
            let buffer = source.buffer()?;
            match buffer.first() {
                None => return Ok(false),
                Some(b'{') => return Ok(true),
                Some(b'[') if !self.is_in_array => self.is_in_array = true,
                Some(b']') if self.is_in_array => self.is_in_array = false,
                Some(b',') if self.is_in_array => {}
                Some(byte) if byte.is_ascii_whitespace() => {}
                Some(0xef | 0xbb | 0xbf) if at < 3 => {}
                Some(byte) => {
                    return Err(Problem::Form {
                        at,
                        found: format!("{:?} between JSON documents", char::from(*byte)),
                    });
                }
            }
            source.consume(1);
        }
    }
}

/// Where in a document the scan is.
#[derive(Default)]
struct Scan {
    depth: u64,
    is_string: bool,
    is_escaped: bool,
}

impl Scan {
    /// The length up to the closing brace, when it is in `bytes`.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (place, byte) in bytes.iter().enumerate() {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.is_string => self.is_escaped = true,
                b'"' => self.is_string = !self.is_string,
                _ if self.is_string => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(place + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

/// The OTLP request that a document is, or becomes; `None` when it holds another signal or nothing.
pub(super) fn traces(document: Vec<u8>, end: u64) -> Result<Option<Vec<u8>>, Problem> {
    let has = |key: &[u8]| document.windows(key.len()).any(|window| window == key);
    if has(b"\"resourceSpans\"") || has(b"\"resource_spans\"") {
        return Ok(Some(document));
    }
    let at = end - document.len() as u64;
    if has(b"\"traceID\"") && has(b"\"processes\"") {
        return jaeger::as_otlp(&document)
            .map(Some)
            .map_err(|cause| Problem::Form {
                at,
                found: format!("Jaeger JSON that does not read: {cause}"),
            });
    }
    let is_other = [
        &b"\"resourceLogs\""[..],
        b"\"resourceMetrics\"",
        b"\"resourceProfiles\"",
    ];
    let is_empty = document
        .iter()
        .all(|byte| byte.is_ascii_whitespace() || b"{}".contains(byte));
    match is_empty || is_other.into_iter().any(has) {
        true => Ok(None),
        false => Err(Problem::Form {
            at,
            found: "a JSON object that holds no resourceSpans".into(),
        }),
    }
}
