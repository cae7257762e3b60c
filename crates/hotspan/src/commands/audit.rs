//! `hotspan audit`: asks a running daemon for the system on one page.

use anyhow::{Context as _, anyhow};
use serde_json::Value;

use crate::arguments::{AuditArguments, AuditFormat};
use crate::exit::Failure;
use crate::output::print;

/// Most bytes of a page.
const PAGE_BYTES_MAX: u64 = 64 << 20;

pub(crate) fn run(arguments: &AuditArguments) -> Result<(), Failure> {
    let base = arguments.url.trim_end_matches('/');
    let (form, kind) = match arguments.output {
        AuditFormat::Md => ("md", "text/markdown"),
        AuditFormat::Json => ("json", "application/json"),
        AuditFormat::Html => ("html", "text/html"),
    };
    let request = ureq::get(format!("{base}/api/v1/audit")).query("format", form);
    let request = request.config().http_status_as_error(false).build();
    let mut reply = request
        .call()
        .map_err(|error| Failure::Unreachable(anyhow!("{base}: {error}")))?;
    let said = reply.headers().get("content-type");
    let is_page = said.is_some_and(|said| said.as_bytes().starts_with(kind.as_bytes()));
    let body = reply.body_mut().with_config().limit(PAGE_BYTES_MAX);
    let text = body
        .read_to_string()
        .with_context(|| format!("{base}: the reply cannot be read"))?;
    if !reply.status().is_success() {
        let problem: Value =
            serde_json::from_str(&text).with_context(|| format!("{base}: no Hotspan answers there"))?;
        return Err(anyhow!("{}", problem["detail"].as_str().unwrap_or(&text)).into());
    }
    if !is_page {
        return Err(anyhow!("{base}: no Hotspan answers there").into());
    }
    print(&text)?;
    if !text.ends_with('\n') {
        print("\n")?;
    }
    Ok(())
}
