//! The commands over an open network: a token made, a daemon that asks for it over TLS, and whoever shows it.

#[path = "support/daemon.rs"]
mod daemon;

use std::path::{Path, PathBuf};
use std::process::Output;

use daemon::{Daemon, hotspan, within};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

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

/// An authority and a certificate for localhost.
fn certificates(folder: &Path) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority =
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("it signs itself");
    let key = KeyPair::generate().expect("a key");
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let params = CertificateParams::new(names).expect("names");
    let certificate = params.signed_by(&key, &authority).expect("it is signed");
    for (name, text) in [
        ("ca.pem", authority.pem()),
        ("cert.pem", certificate.pem()),
        ("key.pem", key.serialize_pem()),
    ] {
        std::fs::write(folder.join(name), text).expect("a file");
    }
}

/// Makes a token of a scope; gives the file it is in.
fn token(folder: &Path, scope: &str) -> String {
    let tokens = folder.join("tokens.toml").display().to_string();
    let made = run(&[
        "token",
        "new",
        "--name",
        scope,
        "--scope",
        scope,
        "--tokens-file",
        &tokens,
    ]);
    assert!(made.status.success(), "{}", said(&made));
    let token = String::from_utf8(made.stdout).expect("text");
    assert!(
        token.starts_with("hotspan_") && token.lines().count() == 1,
        "{token}"
    );
    let file = folder.join(format!("{scope}.token"));
    std::fs::write(&file, token).expect("a file");
    file.display().to_string()
}

#[test]
fn a_token_is_told_once_and_its_entry_has_its_hash_alone() {
    let made = run(&["token", "new", "--scope", "ingest,read", "--name", "a"]);
    let token = String::from_utf8(made.stdout).expect("text");
    let entry = String::from_utf8(made.stderr).expect("text");
    assert!(
        entry.contains("scopes = [\"ingest\", \"read\"]") && entry.contains("sha256 = "),
        "{entry}"
    );
    assert!(!entry.contains(token.trim()), "{entry}");
    let wrong = run(&["token", "new", "--scope", "write"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        said(&wrong).contains("\"write\" is no scope; ingest, read and admin are"),
        "{}",
        said(&wrong)
    );
    let folder = folder("twice");
    token_twice(&folder);
}

/// Two of one name would leave nobody knowing which to revoke.
fn token_twice(folder: &Path) {
    let file = folder.join("tokens.toml").display().to_string();
    let new = || {
        run(&[
            "token",
            "new",
            "--name",
            "a",
            "--scope",
            "read",
            "--tokens-file",
            &file,
        ])
    };
    assert!(new().status.success());
    let before = std::fs::read_to_string(&file).expect("the file");
    let again = new();
    assert_eq!(again.status.code(), Some(2));
    assert!(said(&again).contains("two have this name"), "{}", said(&again));
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), before);
}

/// A daemon within TLS that asks for tokens.
struct Open {
    daemon: Daemon,
    folder: PathBuf,
    ca: String,
}

impl Open {
    fn start() -> Open {
        let folder = folder("open");
        certificates(&folder);
        let path = |name: &str| folder.join(name).display().to_string();
        let keys = [path("cert.pem"), path("key.pem"), path("tokens.toml")];
        std::fs::write(&keys[2], "").expect("a file");
        let [certificate, key, tokens] = &keys;
        let flags = [
            "--tls-cert",
            certificate,
            "--tls-key",
            key,
            "--tokens-file",
            tokens,
        ];
        Open {
            daemon: Daemon::start_with("open", |command| {
                command.args(flags);
            }),
            ca: path("ca.pem"),
            folder,
        }
    }

    fn url(&self, key: &str) -> String {
        self.daemon.url(key).replace("http://", "https://")
    }
}

#[test]
fn commands_send_and_ask_over_tls_with_their_tokens() {
    let open = Open::start();
    let (otlp, api, ca) = (open.url("otlp_grpc"), open.url("listen"), &open.ca);
    let (ingest, read) = (token(&open.folder, "ingest"), token(&open.folder, "read"));
    let send = [
        "gen",
        "--scenario",
        "nplus1-query",
        "--traces",
        "3",
        "--to",
        &otlp,
        "--ca",
        ca,
    ];
    let denied = run(&send);
    assert!(
        !denied.status.success() && said(&denied).contains("scope `ingest`"),
        "{}",
        said(&denied)
    );
    let ask = ["services", "--url", &api, "--ca", ca];
    let denied = run(&ask);
    assert_eq!(denied.status.code(), Some(2));
    let hint = "name it with --token-file or HOTSPAN_TOKEN";
    assert!(said(&denied).contains(hint), "{}", said(&denied));
    let strange = run(&["services", "--url", &api, "--token-file", &read]);
    assert!(!strange.status.success(), "the authority is not the system's");
    // The daemon reads the new tokens within a second or so.
    for command in [
        [&send[..], &["--token-file", &ingest]].concat(),
        [&ask[..], &["--token-file", &read]].concat(),
    ] {
        within(|| {
            let output = run(&command);
            output.status.success().then_some(())
        });
    }
    open.daemon.stop();
}
