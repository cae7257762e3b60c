//! `hotspan backup`: a copy of what a daemon keeps, also while it runs.

use std::path::PathBuf;

use clap::Args;

use crate::exit::Failure;
use crate::output::print;
use crate::state_directory::state_directory;

/// Flags of `backup`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hotspan backup hotspots.db
  hotspan backup --data-dir /var/lib/hotspan /backups/hotspan-monday.db

The daemon may run. To go back: stop it, put the copy in its directory as hotspan.db (without the
files hotspan.db-wal and hotspan.db-shm of the other), and start it again.
Exit codes: 0 copied, 2 there is nothing to copy, FILE is there already, or the copy failed.")]
pub(crate) struct BackupArguments {
    /// The copy; it must not be there yet
    file: PathBuf,
    /// The daemon's directory [default: the user's state directory]
    #[arg(long, value_name = "DIR", env = "HOTSPAN_DATA_DIR")]
    data_dir: Option<PathBuf>,
}

pub(crate) fn run(arguments: &BackupArguments) -> Result<(), Failure> {
    let dir = match &arguments.data_dir {
        Some(dir) => dir.clone(),
        None => state_directory()?,
    };
    let bytes = hotspan_store::backup(&dir, &arguments.file).map_err(anyhow::Error::from)?;
    Ok(print(&format!("{} ({bytes} bytes)\n", arguments.file.display()))?)
}
