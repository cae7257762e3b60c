//! Replies as bytes: `google.rpc.Status` with its details, and the response message, in both encodings.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use hotspan_otlp::Encoding;
use prost::Message;
use serde_json::{Value, json};

use crate::{Accepted, Signal, Verdict};

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";
const BAD_REQUEST: &str = "type.googleapis.com/google.rpc.BadRequest";

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Length>,
}

#[derive(Clone, PartialEq, Message)]
struct Length {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

#[derive(Clone, PartialEq, Message)]
struct BadRequest {
    #[prost(message, repeated, tag = "1")]
    field_violations: Vec<Violation>,
}

#[derive(Clone, PartialEq, Message)]
struct Violation {
    #[prost(string, tag = "1")]
    field: String,
    #[prost(string, tag = "2")]
    description: String,
}

/// The reply of every signal's service has this shape.
#[derive(Clone, PartialEq, Message)]
struct ExportResponse {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

/// The response message of an accepted request; full success is empty, or `{}`.
pub(crate) fn response(accepted: &Accepted, signal: Option<Signal>, encoding: Encoding) -> Bytes {
    let is_full = accepted.rejected == 0 && accepted.message.is_empty();
    match encoding {
        Encoding::Json if is_full => Bytes::from_static(b"{}"),
        Encoding::Json => response_json(accepted, signal).to_string().into(),
        Encoding::Protobuf if is_full => Bytes::new(),
        Encoding::Protobuf => {
            let partial_success = Some(PartialSuccess {
                rejected: i64::try_from(accepted.rejected).unwrap_or(i64::MAX),
                error_message: accepted.message.clone(),
            });
            ExportResponse { partial_success }.encode_to_vec().into()
        }
    }
}

fn response_json(accepted: &Accepted, signal: Option<Signal>) -> Value {
    let rejected = match signal {
        None => "rejectedSpans",
        Some(Signal::Logs) => "rejectedLogRecords",
        Some(Signal::Metrics) => "rejectedDataPoints",
        Some(Signal::Profiles) => "rejectedProfiles",
    };
    let mut partial = json!({ "errorMessage": accepted.message });
    if accepted.rejected > 0 {
        // 64-bit numbers are strings in protobuf's JSON.
        partial[rejected] = accepted.rejected.to_string().into();
    }
    json!({ "partialSuccess": partial })
}

/// A refusal's `google.rpc.Status`.
pub(crate) fn status(verdict: &Verdict, encoding: Encoding) -> Bytes {
    match encoding {
        Encoding::Protobuf => status_message(verdict).encode_to_vec().into(),
        Encoding::Json => status_json(verdict).to_string().into(),
    }
}

/// The same as the value of `grpc-status-details-bin`; `None` when it says no more than code and message.
pub(crate) fn status_header(verdict: &Verdict) -> Option<String> {
    let status = status_message(verdict);
    (!status.details.is_empty()).then(|| STANDARD_NO_PAD.encode(status.encode_to_vec()))
}

fn status_message(verdict: &Verdict) -> Status {
    let retry = verdict.retry.map(|delay| Any {
        type_url: RETRY_INFO.into(),
        value: RetryInfo {
            retry_delay: Some(Length {
                seconds: i64::try_from(delay.as_secs()).unwrap_or(i64::MAX),
                nanos: delay.subsec_nanos().cast_signed(),
            }),
        }
        .encode_to_vec(),
    });
    let violation = verdict.field.as_ref().map(|field| Any {
        type_url: BAD_REQUEST.into(),
        value: BadRequest {
            field_violations: vec![Violation {
                field: field.to_string(),
                description: verdict.message.clone(),
            }],
        }
        .encode_to_vec(),
    });
    Status {
        code: verdict.code as i32,
        message: verdict.message.clone(),
        details: retry.into_iter().chain(violation).collect(),
    }
}

fn status_json(verdict: &Verdict) -> Value {
    let retry = verdict.retry.map(|delay| {
        let delay = format!("{}.{:09}s", delay.as_secs(), delay.subsec_nanos());
        json!({ "@type": RETRY_INFO, "retryDelay": delay })
    });
    let violation = verdict.field.as_ref().map(|field| {
        let violation = json!({ "field": field, "description": verdict.message });
        json!({ "@type": BAD_REQUEST, "fieldViolations": [violation] })
    });
    let details: Vec<_> = retry.into_iter().chain(violation).collect();
    json!({ "code": verdict.code as i32, "message": verdict.message, "details": details })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Refusal;

    #[test]
    fn g03_overload_carries_retry_info() {
        let verdict = Refusal::Overloaded(Duration::from_millis(1_500)).verdict();
        let header = STANDARD_NO_PAD.decode(status_header(&verdict).unwrap()).unwrap();
        let status = Status::decode(header.as_slice()).unwrap();
        assert_eq!((status.code, status.details.len()), (14, 1));
        assert_eq!(status.details[0].type_url, RETRY_INFO);
        let info = RetryInfo::decode(status.details[0].value.as_slice()).unwrap();
        let delay = info.retry_delay.unwrap();
        assert_eq!((delay.seconds, delay.nanos), (1, 500_000_000));
        assert_eq!(status_json(&verdict)["details"][0]["retryDelay"], "1.500000000s");
    }

    #[test]
    fn g02_oversize_carries_no_retry_info() {
        let excess = crate::Excess::Inflated { limit: 1 };
        assert_eq!(status_header(&Refusal::TooLarge(excess).verdict()), None);
    }

    #[test]
    fn c03_full_success_is_empty() {
        let all = Accepted::default();
        assert!(response(&all, None, Encoding::Protobuf).is_empty());
        assert_eq!(response(&all, None, Encoding::Json), "{}");
    }

    #[test]
    fn c04_partial_success_reads_the_same_in_both_encodings() {
        let accepted = Accepted {
            rejected: 3,
            message: "3 spans: bad".into(),
            ..Accepted::default()
        };
        let message = ExportResponse::decode(response(&accepted, None, Encoding::Protobuf)).unwrap();
        let partial = message.partial_success.unwrap();
        assert_eq!(
            (partial.rejected, partial.error_message.as_str()),
            (3, "3 spans: bad")
        );
        let json: Value = serde_json::from_slice(&response(&accepted, None, Encoding::Json)).unwrap();
        assert_eq!(json["partialSuccess"]["rejectedSpans"], "3");
        assert_eq!(json["partialSuccess"]["errorMessage"], "3 spans: bad");
    }
}
