//! `hotspan completions` and `hotspan man`: what shells and manuals know of the commands.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::arguments::Arguments;
use crate::exit::Failure;
use crate::output::print;

/// Flags of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hotspan completions bash > /etc/bash_completion.d/hotspan
  hotspan completions zsh > \"${fpath[1]}/_hotspan\"
  hotspan completions fish > ~/.config/fish/completions/hotspan.fish")]
pub(crate) struct CompletionsArguments {
    /// For which shell
    shell: Shell,
}

/// Flags of `man`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hotspan man | man -l -                      read it
  hotspan man /usr/local/share/man/man1       a page for every command")]
pub(crate) struct ManArguments {
    /// Write a page for every command into this folder; without it the first page goes to standard output
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(crate) fn completions(arguments: &CompletionsArguments) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "hotspan", &mut script);
    Ok(print(&String::from_utf8_lossy(&script))?)
}

pub(crate) fn man(arguments: &ManArguments) -> Result<(), Failure> {
    let Some(folder) = &arguments.folder else {
        let mut page = Vec::new();
        Man::new(Arguments::command()).render(&mut page)?;
        return Ok(print(&String::from_utf8_lossy(&page))?);
    };
    std::fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
    let written = clap_mangen::generate_to(Arguments::command(), folder);
    Ok(written.with_context(|| format!("{}", folder.display()))?)
}
