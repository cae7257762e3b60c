//! The commands with tenants: tokens made for them, a configuration that gives them room, and answers of one of them.

#[path = "support/daemon.rs"]
mod daemon;

use std::path::{Path, PathBuf};
use std::process::Output;

use daemon::{Daemon, hotspan, within};

/// Files of a test.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(std::fs::remove_dir_all(&path));
    std::fs::create_dir_all(&path).expect("a folder");
    path
}

fn run(arguments: &[&str]) -> Output {
    let mut command = hotspan();
    for variable in ["HOTSPAN_TOKEN", "HOTSPAN_TOKEN_FILE", "HOTSPAN_CA", "HOTSPAN_URL"] {
        command.env_remove(variable);
    }
    command.args(arguments).output().expect("the binary runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Makes a token of a tenant that may send and read; gives the file it is in.
fn token(folder: &Path, tenant: &str) -> String {
    let tokens = folder.join("tokens.toml").display().to_string();
    let scopes = ["--scope", "ingest,admin", "--tokens-file", &tokens];
    let made = run(&[
        &["token", "new", "--name", tenant, "--tenant", tenant],
        &scopes[..],
    ]
    .concat());
    assert!(made.status.success(), "{}", said(&made));
    let file = folder.join(format!("{tenant}.token"));
    std::fs::write(&file, made.stdout).expect("a file");
    file.display().to_string()
}

#[test]
fn commands_speak_for_the_tenant_of_their_token() {
    let folder = folder("tenants");
    let (acme, bolt) = (token(&folder, "acme"), token(&folder, "bolt"));
    let tokens = folder.join("tokens.toml").display().to_string();
    let daemon = Daemon::start_with("tenants", |command| {
        command.args(["--tokens-file", &tokens, "--tenants", "acme:share=2"]);
    });
    let (otlp, api) = (daemon.url("otlp_grpc"), daemon.url("listen"));
    let send = [
        "gen",
        "--scenario",
        "nplus1-query",
        "--traces",
        "4",
        "--to",
        &otlp,
        "--token-file",
        &acme,
    ];
    let sent = run(&send);
    assert!(sent.status.success(), "{}", said(&sent));
    let ask = |command: &str, token: &str| said(&run(&[command, "--url", &api, "--token-file", token]));
    within(|| ask("hotspots", &acme).contains("n-plus-one-query").then_some(()));
    assert!(
        !ask("hotspots", &bolt).contains("n-plus-one-query"),
        "it is another's"
    );
    let doctor = ask("doctor", &bolt);
    assert!(
        doctor.contains("about the tenant bolt")
            && doctor.contains("no request showed a token of this tenant"),
        "{doctor}"
    );
    let logged = daemon.stop();
    assert!(logged.contains("tenants    acme, bolt"), "{logged}");
}

#[test]
fn a_configuration_of_tenants_is_checked_and_printed() {
    let folder = folder("tenants-config");
    token(&folder, "acme");
    let path = |name: &str| folder.join(name).display().to_string();
    let write = |text: &str| std::fs::write(folder.join("hotspan.toml"), text).expect("a file");
    let file = path("hotspan.toml");
    let tokens = format!("tokens_file = {:?}\n", path("tokens.toml"));

    write(&format!(
        "{tokens}memory = \"128MiB\"\n[tenants.bolt]\nshare = 2\nrate = 900\n"
    ));
    let printed = run(&["config", "print", &file]);
    let text = said(&printed);
    assert!(text.contains("tenants = \"bolt:rate=900,share=2\""), "{text}");
    std::fs::write(folder.join("again.toml"), printed.stdout).expect("a file");
    assert!(
        run(&["config", "check", &path("again.toml")]).status.success(),
        "it reads back"
    );

    for (text, says) in [
        (format!("{tokens}memory = \"48MiB\"\n"), "raise memory"),
        ("[tenants.acme]\n".to_owned(), "set tokens_file"),
        (format!("{tokens}[tenants.ACME]\n"), "is no name of a tenant"),
        (
            format!("{tokens}[tenants.acme]\nshares = 2\n"),
            "shares=2 is no limit",
        ),
    ] {
        write(&text);
        let checked = run(&["config", "check", &file]);
        assert_eq!(checked.status.code(), Some(2), "{text}");
        assert!(said(&checked).contains(says), "{}", said(&checked));
    }
    let wrong = run(&["token", "new", "--scope", "read", "--tenant", "a b"]);
    assert!(
        said(&wrong).contains("--tenant: \"a b\" is no name of a tenant"),
        "{}",
        said(&wrong)
    );
}
