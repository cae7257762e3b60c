//! What a request is answered: one closed list, and one function that maps it to both transports.

use std::borrow::Cow;
use std::time::Duration;

use hotspan_access::Denied;
use hotspan_model::Reason;
use hotspan_otlp::{Tally, Undecodable};
use http::StatusCode;

/// Longest text of an answer, in bytes.
const MESSAGE_BYTES_MAX: usize = 1 << 10;

/// What became of a request.
pub type Answer = Result<Accepted, Refusal>;

/// The request was handed over; some of its spans may have been refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Spans that were refused.
    pub rejected: u64,
    /// Why, or a warning; empty when all is well.
    pub message: String,
    /// Some of it was what this process tells of itself.
    pub is_own: bool,
}

/// Why nothing of a request was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The message cannot be framed, or its compressed data is broken (S2).
    Undecodable {
        /// Path of the field.
        field: Cow<'static, str>,
        /// What is wrong with it.
        what: String,
    },
    /// Over a limit of size (S3).
    TooLarge(Excess),
    /// Budget or a queue is full (S4).
    Overloaded(Duration),
    /// The tenant sent more spans a second than it may (S5).
    OverRate(Duration),
    /// The body came too slowly (S6).
    TooSlow(Duration),
    /// A coding this receiver does not read (S7).
    UnknownCoding(String),
    /// Not the content type of OTLP (S8).
    WrongType(String),
    /// Not the method of OTLP (S8); carries what to do instead.
    WrongMethod(String),
    /// No such service, method or path (S8).
    Unknown(String),
    /// A gRPC frame that breaks the rules (S9).
    BadFrame(&'static str),
    /// No credential, or one that is not known (S10).
    Unauthenticated(String),
    /// A credential that may not send (S10).
    Forbidden(String),
    /// The receiver is stopping (S11).
    Draining,
    /// A fault of ours; the same bytes would fail again (S12).
    Fault,
}

/// Which limit a message is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// As announced, before decompression.
    #[error("the message is {size} bytes, over the limit of {limit}")]
    Announced {
        /// Bytes announced, or received so far.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// After decompression.
    #[error("the message inflates to more than {limit} bytes")]
    Inflated {
        /// The limit in bytes.
        limit: u64,
    },
    /// More output than any honest message gives.
    #[error("the message inflates to more than {limit} times its size")]
    Ratio {
        /// Inflated bytes per compressed byte.
        limit: u64,
    },
    /// More than one request can ever hold, spans included: to wait would not help.
    #[error("the message needs more than {limit} bytes of memory; send fewer spans at once")]
    Memory {
        /// The limit in bytes.
        limit: u64,
    },
    /// A zstd window that would need too much memory.
    #[error("the zstd window is over {limit} bytes")]
    Window {
        /// The limit in bytes.
        limit: u64,
    },
}

/// gRPC status codes that are used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Code {
    /// Not an error.
    Ok = 0,
    /// The request itself is wrong.
    InvalidArgument = 3,
    /// No such thing.
    NotFound = 5,
    /// Known, and may not.
    PermissionDenied = 7,
    /// Over a limit; not to be tried again as it is.
    ResourceExhausted = 8,
    /// No such method or coding.
    Unimplemented = 12,
    /// A fault of ours.
    Internal = 13,
    /// Try again later.
    Unavailable = 14,
    /// Nobody that is known here.
    Unauthenticated = 16,
}

/// A refusal as both transports tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// gRPC's status.
    pub code: Code,
    /// HTTP's status.
    pub http: StatusCode,
    /// When the client should come again; `None` when the same request would fail again.
    pub retry: Option<Duration>,
    /// The field that is wrong, for `google.rpc.BadRequest`.
    pub field: Option<Cow<'static, str>>,
    /// In words.
    pub message: String,
    /// Whether an HTTP/1 connection ends with it.
    pub close: bool,
}

impl Refusal {
    /// The one mapping of refusals to statuses (`receiver.md` 5).
    pub fn verdict(&self) -> Verdict {
        let (code, http) = self.statuses();
        let retry = match self {
            Refusal::Overloaded(delay) | Refusal::OverRate(delay) | Refusal::TooSlow(delay) => Some(*delay),
            Refusal::Draining => Some(Duration::from_secs(1)),
            Refusal::Undecodable { .. }
            | Refusal::TooLarge(_)
            | Refusal::UnknownCoding(_)
            | Refusal::WrongType(_)
            | Refusal::WrongMethod(_)
            | Refusal::Unknown(_)
            | Refusal::BadFrame(_)
            | Refusal::Unauthenticated(_)
            | Refusal::Forbidden(_)
            | Refusal::Fault => None,
        };
        let field = match (self, code) {
            (Refusal::Undecodable { field, .. }, _) => Some(field.clone()),
            (_, Code::InvalidArgument) => Some("message".into()),
            _ => None,
        };
        Verdict {
            code,
            http,
            retry,
            field,
            message: cut(self.message()),
            close: matches!(self, Refusal::TooSlow(_) | Refusal::Draining),
        }
    }

    fn statuses(&self) -> (Code, StatusCode) {
        match self {
            Refusal::Undecodable { .. } | Refusal::BadFrame(_) => {
                (Code::InvalidArgument, StatusCode::BAD_REQUEST)
            }
            Refusal::TooLarge(_) => (Code::ResourceExhausted, StatusCode::PAYLOAD_TOO_LARGE),
            Refusal::Overloaded(_) | Refusal::TooSlow(_) | Refusal::Draining => {
                (Code::Unavailable, StatusCode::SERVICE_UNAVAILABLE)
            }
            Refusal::OverRate(_) => (Code::Unavailable, StatusCode::TOO_MANY_REQUESTS),
            Refusal::UnknownCoding(_) | Refusal::WrongType(_) => {
                (Code::Unimplemented, StatusCode::UNSUPPORTED_MEDIA_TYPE)
            }
            Refusal::WrongMethod(_) => (Code::Unimplemented, StatusCode::METHOD_NOT_ALLOWED),
            Refusal::Unknown(_) => (Code::Unimplemented, StatusCode::NOT_FOUND),
            Refusal::Unauthenticated(_) => (Code::Unauthenticated, StatusCode::UNAUTHORIZED),
            Refusal::Forbidden(_) => (Code::PermissionDenied, StatusCode::FORBIDDEN),
            Refusal::Fault => (Code::Internal, StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    fn message(&self) -> String {
        match self {
            Refusal::Undecodable { what, .. } => what.clone(),
            Refusal::TooLarge(excess) => excess.to_string(),
            Refusal::Overloaded(_) => "the receiver is full; send the same request again later".into(),
            Refusal::OverRate(_) => {
                "the tenant sends more spans a second than it may; send the same request again later".into()
            }
            Refusal::TooSlow(_) => "the body came too slowly".into(),
            Refusal::UnknownCoding(coding) => {
                format!("coding {coding:?} is not read; gzip, zstd and identity are")
            }
            Refusal::WrongType(what)
            | Refusal::WrongMethod(what)
            | Refusal::Unknown(what)
            | Refusal::Unauthenticated(what)
            | Refusal::Forbidden(what) => what.clone(),
            Refusal::BadFrame(what) => format!("bad gRPC frame: {what}"),
            Refusal::Draining => "the receiver is stopping; send the same request again".into(),
            Refusal::Fault => "a fault of the receiver; the same request would fail again".into(),
        }
    }

    /// How metrics call it; its place is its number in [`Refusal::NAMES`].
    pub fn name(&self) -> &'static str {
        Refusal::NAMES[self.place()]
    }

    /// All names, in order.
    pub const NAMES: [&'static str; 14] = [
        "undecodable",
        "too_large",
        "overloaded",
        "too_slow",
        "unknown_coding",
        "wrong_type",
        "wrong_method",
        "unknown",
        "bad_frame",
        "draining",
        "fault",
        "unauthenticated",
        "forbidden",
        "over_rate",
    ];

    pub(crate) fn place(&self) -> usize {
        match self {
            Refusal::Undecodable { .. } => 0,
            Refusal::TooLarge(_) => 1,
            Refusal::Overloaded(_) => 2,
            Refusal::TooSlow(_) => 3,
            Refusal::UnknownCoding(_) => 4,
            Refusal::WrongType(_) => 5,
            Refusal::WrongMethod(_) => 6,
            Refusal::Unknown(_) => 7,
            Refusal::BadFrame(_) => 8,
            Refusal::Draining => 9,
            Refusal::Fault => 10,
            Refusal::Unauthenticated(_) => 11,
            Refusal::Forbidden(_) => 12,
            Refusal::OverRate(_) => 13,
        }
    }
}

impl From<Undecodable> for Refusal {
    fn from(cause: Undecodable) -> Refusal {
        Refusal::Undecodable {
            field: cause.field.into(),
            what: cause.to_string(),
        }
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Refusal {
        match denied.is_unauthenticated() {
            true => Refusal::Unauthenticated(denied.to_string()),
            false => Refusal::Forbidden(denied.to_string()),
        }
    }
}

impl From<Excess> for Refusal {
    fn from(excess: Excess) -> Refusal {
        Refusal::TooLarge(excess)
    }
}

impl Accepted {
    /// What a decoded request is answered. Our own telemetry is dropped on purpose and no fault of the sender.
    pub fn of(tally: &Tally) -> Accepted {
        let mut accepted = Accepted {
            is_own: tally.refused[Reason::OwnTelemetry as usize] > 0,
            ..Accepted::default()
        };
        for (reason, what) in REASONS {
            let count = tally.refused[reason as usize];
            if count > 0 {
                accepted.rejected += count;
                let spans = if count == 1 { "span" } else { "spans" };
                let border = if accepted.message.is_empty() { "" } else { "; " };
                accepted.message += &format!("{border}{count} {spans}: {what}");
            }
        }
        accepted
    }

    /// The same with a warning, when nothing was refused.
    #[must_use]
    pub fn or_warn(mut self, warning: &str) -> Accepted {
        if self.rejected == 0 {
            self.message = cut(warning.into());
        }
        self
    }
}

/// What a decoder refuses, in the sender's words.
const REASONS: [(Reason, &str); 3] = [
    (Reason::InvalidTraceId, "trace_id must be 16 bytes, not all zero"),
    (Reason::InvalidSpanId, "span_id must be 8 bytes, not all zero"),
    (Reason::MalformedSpan, "the span cannot be read"),
];

/// At most [`MESSAGE_BYTES_MAX`], ended at a character.
fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MESSAGE_BYTES_MAX));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_refusal() -> Vec<(&'static str, Refusal, Code, u16, bool)> {
        let late = Duration::from_secs(3);
        let undecodable = Refusal::Undecodable {
            field: "resource_spans".into(),
            what: "cut".into(),
        };
        let large = Refusal::TooLarge(Excess::Inflated { limit: 1 });
        vec![
            ("s02", undecodable, Code::InvalidArgument, 400, false),
            ("s03", large, Code::ResourceExhausted, 413, false),
            ("s04", Refusal::Overloaded(late), Code::Unavailable, 503, true),
            ("s06", Refusal::TooSlow(late), Code::Unavailable, 503, true),
            (
                "s07",
                Refusal::UnknownCoding("br".into()),
                Code::Unimplemented,
                415,
                false,
            ),
            (
                "s08",
                Refusal::WrongType("x".into()),
                Code::Unimplemented,
                415,
                false,
            ),
            (
                "s08",
                Refusal::WrongMethod("x".into()),
                Code::Unimplemented,
                405,
                false,
            ),
            (
                "s08",
                Refusal::Unknown("x".into()),
                Code::Unimplemented,
                404,
                false,
            ),
            (
                "s09",
                Refusal::BadFrame("flag 2"),
                Code::InvalidArgument,
                400,
                false,
            ),
            ("s11", Refusal::Draining, Code::Unavailable, 503, true),
            ("s12", Refusal::Fault, Code::Internal, 500, false),
            (
                "s10",
                Refusal::Unauthenticated("x".into()),
                Code::Unauthenticated,
                401,
                false,
            ),
            (
                "s10",
                Refusal::Forbidden("x".into()),
                Code::PermissionDenied,
                403,
                false,
            ),
            ("s05", Refusal::OverRate(late), Code::Unavailable, 429, true),
        ]
    }

    #[test]
    fn section_5_maps_each_case_on_both_transports() {
        for (place, (id, refusal, code, http, has_delay)) in every_refusal().into_iter().enumerate() {
            let verdict = refusal.verdict();
            assert_eq!(refusal.place(), place, "{id}");
            assert_eq!(refusal.name(), Refusal::NAMES[place], "{id}");
            assert_eq!((verdict.code, verdict.http.as_u16()), (code, http), "{id}");
            assert_eq!(verdict.retry.is_some(), has_delay, "{id}");
            assert_eq!(verdict.field.is_some(), code == Code::InvalidArgument, "{id}");
            assert!(!verdict.message.is_empty(), "{id}");
        }
    }

    #[test]
    fn g05_nothing_that_passes_is_unknown_internal_or_without_a_delay() {
        for (id, refusal, ..) in every_refusal() {
            let verdict = refusal.verdict();
            let is_passing = matches!(verdict.http.as_u16(), 429 | 502..=504);
            assert_eq!(is_passing, verdict.code == Code::Unavailable, "{id}");
            assert_eq!(is_passing, verdict.retry.is_some(), "{id}");
        }
    }

    #[test]
    fn c04_the_message_names_reasons_and_counts() {
        let mut tally = Tally::default();
        for _ in 0..3 {
            tally.refuse(Reason::InvalidTraceId);
        }
        tally.refuse(Reason::MalformedSpan);
        tally.refuse(Reason::OwnTelemetry);
        let accepted = Accepted::of(&tally);
        assert_eq!(accepted.rejected, 4);
        assert_eq!(
            accepted.message,
            "3 spans: trace_id must be 16 bytes, not all zero; 1 span: the span cannot be read"
        );
    }

    #[test]
    fn g07_texts_are_cut_at_a_character() {
        let long = Refusal::Unknown("é".repeat(2_000)).verdict().message;
        assert_eq!(long.len(), 1_024);
        assert_eq!(cut("é".repeat(2_000) + "x").chars().next_back(), Some('é'));
    }
}
