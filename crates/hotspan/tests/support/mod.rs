//! What the tests of the program share: running it.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// The program under test, deaf to the environment of whoever runs the tests.
pub(crate) fn hotspan() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hotspan"));
    command.env_clear();
    command
}

/// Runs the program to its end with `input` on standard input.
pub(crate) fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = hotspan()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that refuses its arguments never reads; the broken pipe is no news.
    let written = stdin.write_all(input);
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(written.is_ok() || !output.status.success(), "{written:?}");
    output
}

/// What it said to people.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
