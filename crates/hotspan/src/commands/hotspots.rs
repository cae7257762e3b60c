//! `hotspan hotspots`: asks a running daemon.

use anyhow::{Context as _, anyhow};
use serde_json::Value;
use ureq::RequestBuilder;
use ureq::typestate::WithoutBody;

use crate::arguments::{Format, HotspotsArguments};
use crate::exit::Failure;
use crate::output::{Table, print};

pub(crate) fn run(arguments: &HotspotsArguments) -> Result<(), Failure> {
    let base = arguments.url.trim_end_matches('/');
    let mut request =
        ureq::get(format!("{base}/api/v1/hotspots")).query("limit", arguments.limit.to_string());
    for (name, value) in [("service", &arguments.service), ("detector", &arguments.detector)] {
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

/// What the daemon at `base` answers: JSON, and no refusal.
pub(super) fn answered(base: &str, request: RequestBuilder<WithoutBody>) -> Result<String, Failure> {
    let request = request.config().http_status_as_error(false).build();
    let mut reply = request
        .call()
        .map_err(|error| Failure::Unreachable(anyhow!("{base}: {error}")))?;
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
                text("title"),
            ]);
        }
        table.print()?;
    }
    let spans = &answer["coverage"]["spans"];
    eprintln!(
        "{} of {} shown; {} spans received, {} analysed",
        hotspots.len(),
        answer["total"],
        spans["received"],
        spans["analysed"]
    );
    Ok(())
}
