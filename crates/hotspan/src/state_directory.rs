//! Where a daemon keeps hotspots and notes when nobody says where.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Result, anyhow};

/// The service manager's directory, else `hotspan` in the user's for state.
pub(crate) fn state_directory() -> Result<PathBuf> {
    find(|name| std::env::var_os(name)).ok_or_else(|| {
        anyhow!("there is no directory to keep hotspots in: HOME is not set; name one with --data-dir, or say --in-memory")
    })
}

/// Relative paths are none, as the XDG base directory specification says.
fn find(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let directory = |name: &str| {
        variable(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    // systemd names several when a unit asks for several; the first is as good as any.
    let service = || {
        let all = variable("STATE_DIRECTORY")?;
        let first = std::env::split_paths(&all).next()?;
        Some(first).filter(|path| path.is_absolute())
    };
    let user = || directory("XDG_STATE_HOME").map(|state| state.join("hotspan"));
    let home = || directory("HOME").map(|home| home.join(".local/state/hotspan"));
    service().or_else(user).or_else(home)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_managers_directory_comes_before_the_users_and_relative_ones_are_none() {
        let set = [
            ("STATE_DIRECTORY", "/var/lib/hotspan:/var/lib/other"),
            ("XDG_STATE_HOME", "/state"),
            ("HOME", "/home/ann"),
        ];
        let without = |gone: usize| {
            find(|name| {
                let found = set.iter().skip(gone).find(|(known, _)| *known == name)?;
                Some(found.1.into())
            })
        };
        assert_eq!(without(0), Some("/var/lib/hotspan".into()));
        assert_eq!(without(1), Some("/state/hotspan".into()));
        assert_eq!(without(2), Some("/home/ann/.local/state/hotspan".into()));
        assert_eq!(without(3), None);
        assert_eq!(find(|_| Some("here".into())), None);
    }
}
