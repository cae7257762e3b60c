//! What shells and manuals are told: every command, and that it parses.

use std::path::PathBuf;
use std::process::Command;

fn hotspan(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_hotspan"))
        .args(arguments)
        .output();
    let output = output.expect("the binary runs");
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).expect("it is text")
}

/// The commands that `--help` lists.
fn commands() -> Vec<String> {
    let help = hotspan(&["-h"]);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    let rows = listed.filter_map(|line| line.strip_prefix("  "));
    // What starts further in is the rest of a long description.
    let rows = rows.filter(|row| !row.starts_with(' '));
    let names = rows.filter_map(|row| row.split_whitespace().next());
    let names = names.filter(|name| *name != "help");
    names.map(ToOwned::to_owned).collect()
}

#[test]
fn every_shell_completes_every_command() {
    let commands = commands();
    assert!(commands.len() > 15, "{commands:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = hotspan(&["completions", shell]);
        for command in &commands {
            assert!(script.contains(command), "{shell} does not know {command}");
        }
    }
}

#[test]
fn every_command_has_a_page_with_its_examples() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("man");
    hotspan(&["man", folder.to_str().expect("the folder's name is text")]);
    for command in commands() {
        let page = std::fs::read_to_string(folder.join(format!("hotspan-{command}.1")));
        let page = page.unwrap_or_else(|error| panic!("{command}: {error}"));
        assert!(
            page.starts_with(".ie") && page.contains("Examples:"),
            "{command}: {page}"
        );
    }
    assert!(hotspan(&["man"]).contains(".TH hotspan 1"));
}
