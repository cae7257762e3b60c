//! What a person says of a hotspot: accepted, silenced, open again.

use serde_json::{Value, json};

use super::arguments::SayingArguments;
use super::{facts, id};
use crate::client::Client;
use crate::exit::Failure;
use crate::output::{ListFormat, print, text};

pub(super) fn run(
    client: &Client,
    state: &str,
    of: &SayingArguments,
    format: ListFormat,
) -> Result<(), Failure> {
    let id = id::resolve(client, &of.id)?;
    let (reason, by, until) = (&of.reason, &of.by, &of.until);
    let body = json!({"state": state, "reason": reason, "by": by, "until": until});
    let answer = client.post(&format!("/api/v1/hotspots/{id}/state"), &body)?;
    if matches!(format, ListFormat::Json | ListFormat::Jsonl) {
        return Ok(print(&(answer + "\n"))?);
    }
    let hotspot: Value = client.parse(&answer)?;
    let (state, title, said) = (
        text(&hotspot["state"]),
        text(&hotspot["title"]),
        facts::said(&hotspot),
    );
    Ok(print(&format!("{state}: {title}{said}\n"))?)
}
