//! `hotspan hotspots`: asks a running daemon, and says what people say of its hotspots.

use anyhow::{Context as _, anyhow};
use serde_json::{Value, json};
use ureq::http::Response;
use ureq::typestate::WithoutBody;
use ureq::{Body, RequestBuilder};

use crate::arguments::{Format, HotspotsArguments, SayingArguments, SayingCommand};
use crate::exit::Failure;
use crate::output::{Table, print};

pub(crate) fn run(arguments: &HotspotsArguments) -> Result<(), Failure> {
    let base = arguments.url.trim_end_matches('/');
    match &arguments.saying {
        Some(saying) => say(base, saying, arguments.output),
        None => list(base, arguments),
    }
}

fn list(base: &str, arguments: &HotspotsArguments) -> Result<(), Failure> {
    let mut request =
        ureq::get(format!("{base}/api/v1/hotspots")).query("limit", arguments.limit.to_string());
    for (name, value) in [
        ("service", &arguments.service),
        ("detector", &arguments.detector),
        ("state", &arguments.state),
    ] {
        if let Some(value) = value {
            request = request.query(name, value);
        }
    }
    let text = answered(base, request)?;
    match arguments.output {
        Format::Json => print(&text)?,
        Format::Table => table(&serde_json::from_str(&text).context("the answer is JSON")?)?,
    }
    Ok(())
}

fn say(base: &str, saying: &SayingCommand, output: Format) -> Result<(), Failure> {
    let (
        state,
        SayingArguments {
            id,
            reason,
            by,
            until,
        },
    ) = match saying {
        SayingCommand::Ack(of) => ("acknowledged", of),
        SayingCommand::Mute(of) => ("muted", of),
        SayingCommand::Reopen(of) => ("open", of),
    };
    // An id goes into the path, so that nothing else may be in it.
    if id.is_empty() || !id.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(anyhow!("{id}: an id is 32 hex digits; hotspan hotspots -o json lists them").into());
    }
    let body = json!({"state": state, "reason": reason, "by": by, "until": until});
    let request = ureq::post(format!("{base}/api/v1/hotspots/{id}/state"));
    let request = request.config().http_status_as_error(false).build();
    let text = read(
        base,
        request.content_type("application/json").send(body.to_string()),
    )?;
    match output {
        Format::Json => print(&text)?,
        Format::Table => {
            let hotspot: Value = serde_json::from_str(&text).context("the answer is JSON")?;
            let text = |key: &str| hotspot[key].as_str().unwrap_or_default();
            print(&format!(
                "{}: {}{}\n",
                text("state"),
                text("title"),
                said(&hotspot)
            ))?;
        }
    }
    Ok(())
}

/// What the daemon at `base` answers: JSON, and no refusal.
pub(super) fn answered(base: &str, request: RequestBuilder<WithoutBody>) -> Result<String, Failure> {
    let request = request.config().http_status_as_error(false).build();
    read(base, request.call())
}

fn read(base: &str, reply: Result<Response<Body>, ureq::Error>) -> Result<String, Failure> {
    let mut reply = reply.map_err(|error| Failure::Unreachable(anyhow!("{base}: {error}")))?;
    let text = reply
        .body_mut()
        .read_to_string()
        .with_context(|| format!("{base}: the reply cannot be read"))?;
    let answer: Value =
        serde_json::from_str(&text).with_context(|| format!("{base}: no Hotspan answers there"))?;
    if !reply.status().is_success() {
        return Err(anyhow!("{}", answer["detail"].as_str().unwrap_or(&text)).into());
    }
    Ok(text)
}

fn table(answer: &Value) -> Result<(), Failure> {
    let hotspots = answer["hotspots"].as_array().map_or(&[][..], Vec::as_slice);
    if hotspots.is_empty() {
        print("no hotspots\n")?;
    } else {
        let mut table = Table::new(&[
            "#", "PRIORITY", "SAVES", "CONF", "SEEN", "STATE", "SERVICE", "DETECTOR", "WHAT",
        ]);
        for hotspot in hotspots {
            let text = |key: &str| {
                hotspot[key]
                    .as_str()
                    .map_or_else(|| hotspot[key].to_string(), ToOwned::to_owned)
            };
            let saving = hotspan_model::Nanos(hotspot["saving_ns"]["likely"].as_u64().unwrap_or(0));
            table.row(vec![
                text("rank"),
                text("priority"),
                saving.to_string(),
                text("confidence"),
                text("traces"),
                text("state"),
                text("service"),
                text("detector"),
                text("title") + &said(hotspot),
            ]);
        }
        table.print()?;
    }
    let (spans, muted) = (
        &answer["coverage"]["spans"],
        &answer["coverage"]["left_out"]["muted"],
    );
    eprintln!(
        "{} of {} shown, {muted} muted; {} spans received, {} analysed",
        hotspots.len(),
        answer["total"],
        spans["received"],
        spans["analysed"]
    );
    Ok(())
}

/// What a person said of a hotspot, behind its title.
fn said(hotspot: &Value) -> String {
    let note = &hotspot["note"];
    let text = |key: &str| note[key].as_str();
    let Some(decision) = text("decision") else {
        return String::new();
    };
    let mut said = format!(" [{decision}");
    if let Some(by) = text("by") {
        said += &format!(" by {by}");
    }
    if let Some(until) = text("until") {
        // To the second; the rest is zeros.
        said += &format!(" until {}", until.split('.').next().unwrap_or(until));
    }
    if let Some(over) = text("over") {
        said += &format!(", {over}");
    }
    format!("{said}: {}]", text("reason").unwrap_or_default())
}
