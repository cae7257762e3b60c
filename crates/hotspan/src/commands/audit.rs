//! `hotspan audit`: asks a running daemon for the system on one page.

use crate::arguments::{AuditArguments, AuditFormat};
use crate::exit::Failure;
use crate::output::print;

pub(crate) fn run(arguments: &AuditArguments) -> Result<(), Failure> {
    let (form, kind) = match arguments.output {
        AuditFormat::Md => ("md", "text/markdown"),
        AuditFormat::Json => ("json", "application/json"),
        AuditFormat::Html => ("html", "text/html"),
    };
    let client = arguments.address.client()?;
    let page = client.get("/api/v1/audit", &[("format", form.to_owned())], kind)?;
    print(&page.text)?;
    if !page.text.ends_with('\n') {
        print("\n")?;
    }
    Ok(())
}
