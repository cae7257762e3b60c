//! X18: handshakes that fail are closed, counted by reason and logged; certificates change without a restart.

mod support;

use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hotspan_access::{Access, Denied, Scope, Settings, Token, Visitor};
use http::{HeaderMap, HeaderValue, header};
use rcgen::date_time_ymd;
use rustls::ProtocolVersion;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use support::{Authority, Folder, Port, answers, client, connect, spoken};

#[tokio::test]
async fn both_speak_the_newest_version_and_choose_http2() {
    let (authority, folder) = (Authority::new("ours"), Folder::new("newest"));
    let port = Port::with(folder.server(&authority.pair(&["localhost"], |_| ()))).await;
    let mut connection = connect(&port, &client(&authority.pem(), None))
        .await
        .expect("TLS");
    answers(&mut connection).await.expect("an answer");
    let session = connection.get_ref().1;
    assert_eq!(session.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    assert_eq!(session.alpn_protocol(), Some(&b"h2"[..]));
    assert_eq!(port.failed(), []);
}

#[tokio::test]
async fn x18_plain_text_is_closed_and_counted() {
    let (authority, folder) = (Authority::new("ours"), Folder::new("plain"));
    let port = Port::with(folder.server(&authority.pair(&["localhost"], |_| ()))).await;
    let mut stream = TcpStream::connect(port.at).await.expect("TCP");
    stream
        .write_all(b"POST /v1/traces HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .expect("it is sent");
    let mut answer = Vec::new();
    // What is not read yet may make the end a reset.
    drop(stream.read_to_end(&mut answer).await);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert_eq!(port.failed(), [("plain_text", 1)]);
}

#[tokio::test]
async fn x18_a_hello_in_single_bytes_is_read_and_one_that_never_ends_is_closed() {
    let (authority, folder) = (Authority::new("ours"), Folder::new("hello"));
    let (access, _) = folder
        .server(&authority.pair(&["localhost"], |_| ()))
        .load()
        .expect("files");
    let port = Port::open(access, Duration::from_millis(200)).await;
    // The beginning of a record of 512 bytes that do not come.
    let mut stream = TcpStream::connect(port.at).await.expect("TCP");
    for byte in [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00] {
        stream.write_all(&[byte]).await.expect("it is sent");
    }
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
    assert_eq!(answer, b"");
    assert_eq!(port.failed(), [("timeout", 1)]);
    let (one_by_one, mut proxy) = (
        TcpStream::connect(port.at).await.expect("TCP"),
        one_byte_pipe().await,
    );
    let client = client(&authority.pem(), None);
    let name = ServerName::try_from("localhost").expect("a name");
    let (near, far) = (proxy.0, &mut proxy.1);
    let pipe = trickle(far, one_by_one);
    tokio::select! {
        connected = client.connect(name, near) => {
            connected.expect("fragments are no fault");
        }
        () = pipe => panic!("the pipe ended"),
    }
    assert_eq!(port.failed(), [("timeout", 1)]);
}

/// Both ends of a connection.
async fn one_byte_pipe() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let near = TcpStream::connect(listener.local_addr().expect("an address"))
        .await
        .expect("TCP");
    (near, listener.accept().await.expect("a connection").0)
}

/// Carries what the client says byte by byte, and what the server says as it is.
async fn trickle(client: &mut TcpStream, server: TcpStream) {
    server.set_nodelay(true).expect("an option");
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = async {
        let mut byte = [0];
        while from_client.read_exact(&mut byte).await.is_ok() {
            to_server.write_all(&byte).await.expect("the server reads");
        }
    };
    let down = tokio::io::copy(&mut from_server, &mut to_client);
    drop(tokio::join!(up, down));
}

#[tokio::test]
async fn x18_a_client_that_does_not_trust_this_side_is_counted() {
    let (authority, folder) = (Authority::new("ours"), Folder::new("trust"));
    let port = Port::with(folder.server(&authority.pair(&["localhost"], |_| ()))).await;
    let other = Authority::new("other");
    assert!(spoken(&port, &client(&other.pem(), None)).await.is_err());
    // Its alert is on the way when the client gives up; the next connection comes after it.
    spoken(&port, &client(&authority.pem(), None))
        .await
        .expect("an answer");
    until(|| port.failed() == [("refused_by_client", 1)]).await;
}

/// Waits for what another task does about a connection that ended.
async fn until(is_so: impl Fn() -> bool) {
    for _ in 0..100_000 {
        if is_so() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never came");
}

#[tokio::test]
async fn x18_client_certificates_that_are_missing_expired_foreign_or_unnamed_are_closed_and_counted() {
    let (authority, folder) = (Authority::new("ours"), Folder::new("mutual"));
    let text = "[[certificate]]\nname = \"mesh\"\nscopes = [\"ingest\"]\nsan = \"spiffe://shop.test/*\"\n";
    let settings = Settings {
        client_ca: Some(folder.write("ca.pem", &authority.pem())),
        ..folder.server(&authority.pair(&["localhost"], |_| ()))
    };
    let must_show = Port::with(settings.clone()).await;
    let may_show = Port::with(Settings {
        tokens: Some(folder.write("tokens.toml", text)),
        ..settings
    })
    .await;
    let named = authority.pair(&["spiffe://shop.test/cart"], |_| ());
    let unnamed = authority.pair(&["spiffe://evil.test/cart"], |_| ());
    let expired = authority.pair(&["spiffe://shop.test/cart"], |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    let foreign = Authority::new("other").pair(&["spiffe://shop.test/cart"], |_| ());
    let all = [Some(&named), Some(&unnamed), Some(&expired), Some(&foreign), None];
    let outcomes = async |port: &Port| {
        let mut outcomes = Vec::new();
        for shown in all {
            outcomes.push(spoken(port, &client(&authority.pem(), shown)).await.is_ok());
        }
        outcomes
    };
    // Without a list every certificate of the authority will do, and one must be shown.
    assert_eq!(outcomes(&must_show).await, [true, true, false, false, false]);
    until(|| must_show.failed().len() == 3).await;
    assert_eq!(
        must_show.failed(),
        [("no_certificate", 1), ("expired", 1), ("unknown_authority", 1)]
    );
    // With one it must be listed, or the request shows a token.
    assert_eq!(outcomes(&may_show).await, [true, false, false, false, true]);
    until(|| may_show.failed().len() == 3).await;
    assert_eq!(
        may_show.failed(),
        [("expired", 1), ("unknown_authority", 1), ("unknown_name", 1)]
    );
}

#[tokio::test]
async fn a_new_certificate_holds_for_new_connections_and_an_invalid_one_for_none() {
    let (authority, folder) = (Authority::new("ours"), Folder::new("reload"));
    let settings = folder.server(&authority.pair(&["localhost"], |_| ()));
    let (access, mut watcher) = settings.load().expect("files");
    let port = Port::open(Arc::clone(&access), Duration::from_secs(10)).await;
    let mut old = connect(&port, &client(&authority.pem(), None))
        .await
        .expect("TLS");
    let reloads = || (access.counted().reloads, access.counted().reloads_failed);
    watcher.look();
    assert_eq!(reloads(), (0, 0), "nothing changed");

    let next = Authority::new("next");
    let pair = next.pair(&["localhost"], |_| ());
    folder.write("cert.pem", &pair.certificate);
    watcher.look();
    watcher.look();
    assert_eq!(
        reloads(),
        (0, 1),
        "the key is not the certificate's yet, which is said once"
    );
    spoken(&port, &client(&authority.pem(), None))
        .await
        .expect("the old one holds");

    folder.write("key.pem", &pair.key);
    watcher.look();
    assert_eq!(reloads(), (1, 1));
    spoken(&port, &client(&next.pem(), None))
        .await
        .expect("the new one holds");
    let stale = spoken(&port, &client(&authority.pem(), None)).await;
    assert_eq!(stale.expect_err("it is gone").kind(), ErrorKind::InvalidData);
    answers(&mut old).await.expect("an open connection stays");

    for (name, text) in [("cert.pem", "nonsense"), ("key.pem", "")] {
        folder.write(name, text);
        watcher.look();
    }
    std::fs::remove_file(folder.0.join("cert.pem")).expect("it was there");
    watcher.look();
    assert_eq!(reloads(), (1, 4));
    spoken(&port, &client(&next.pem(), None))
        .await
        .expect("the last valid one holds");
}

#[test]
fn files_that_do_not_do_are_named_with_their_key_and_never_quoted() {
    let (authority, folder) = (Authority::new("ours"), Folder::new("wrong"));
    let (pair, other) = (
        authority.pair(&["a.test"], |_| ()),
        authority.pair(&["b.test"], |_| ()),
    );
    let good = folder.server(&pair);
    let changed = |change: fn(&mut Settings, PathBuf), text: &str| {
        let mut settings = good.clone();
        change(&mut settings, folder.write("changed", text));
        settings
            .load()
            .map(|_| ())
            .expect_err("it does not do")
            .to_string()
    };
    let certificate: fn(&mut Settings, PathBuf) = |of, path| of.certificate = Some(path);
    let key: fn(&mut Settings, PathBuf) = |of, path| of.key = Some(path);
    let ca: fn(&mut Settings, PathBuf) = |of, path| of.client_ca = Some(path);
    let tokens: fn(&mut Settings, PathBuf) = |of, path| of.tokens = Some(path);
    for (change, text, name, why) in [
        (
            certificate,
            pair.key.as_str(),
            "tls_cert = ",
            "there is no certificate",
        ),
        (key, &pair.certificate, "tls_key = ", "there is no private key"),
        (
            key,
            &other.key,
            "tls_key = ",
            "does not belong to the certificate",
        ),
        (key, &other.key[..100], "tls_key = ", "there is no private key"),
        (ca, "", "tls_client_ca = ", "there is no certificate"),
        (tokens, &other.key, "tokens_file = ", "line 1"),
    ] {
        let error = changed(change, text);
        assert!(error.starts_with(name) && error.contains(why), "{error}");
        assert!(!error.contains(&other.key[40..60]), "{error}");
    }
}

#[test]
fn half_a_pair_is_named_with_what_it_lacks() {
    let halves = [
        (
            Some(PathBuf::from("a")),
            None,
            None,
            "tls_cert = a: it needs tls_key",
        ),
        (
            None,
            Some(PathBuf::from("a")),
            None,
            "tls_key = a: it needs tls_cert",
        ),
        (
            None,
            None,
            Some(PathBuf::from("a")),
            "tls_client_ca = a: it needs tls_cert and tls_key",
        ),
    ];
    for (certificate, key, client_ca, said) in halves {
        let settings = Settings {
            certificate,
            key,
            client_ca,
            ..Settings::default()
        };
        let error = settings.load().map(|_| ()).expect_err("half a pair").to_string();
        assert!(error.starts_with(said), "{error}");
    }
}

fn of_tenant(name: &str, tenant: &str, token: &Token) -> String {
    let hash = token.hash().to_hex();
    format!(
        "[[token]]\nname = \"{name}\"\ntenant = \"{tenant}\"\nscopes = [\"ingest\"]\nsha256 = \"{hash}\"\n"
    )
}

/// The place of the tenant that a token stands for.
fn place(access: &Access, token: &Token) -> Result<usize, Denied> {
    let value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).expect("a value");
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
    let tenant = access.authorize(&Visitor::default(), &headers, Scope::Ingest);
    tenant.map(|tenant| tenant.place())
}

#[test]
fn tokens_of_known_tenants_change_at_once_and_a_new_tenant_waits_for_a_restart() {
    let folder = Folder::new("tenants");
    let (acme, more, late) = (Token::draw(), Token::draw(), Token::draw());
    let settings = Settings {
        tokens: Some(folder.write("tokens", &of_tenant("a", "acme", &acme))),
        tenants: vec!["bolt".to_owned()],
        ..Settings::default()
    };
    let (access, mut watcher) = settings.load().expect("right");
    let names: Vec<&str> = access.tenants().all().map(|(_, name)| name).collect();
    assert_eq!(names, ["acme", "bolt"]);
    assert_eq!(place(&access, &acme), Ok(1));

    let text = of_tenant("m", "bolt", &more) + &of_tenant("l", "late", &late);
    folder.write("tokens", &text);
    watcher.look();
    assert_eq!(place(&access, &more), Ok(2));
    assert_eq!(place(&access, &acme), Err(Denied::Unknown), "it was taken away");
    let said = place(&access, &late).expect_err("it has no room").to_string();
    assert!(
        said.contains("\"late\"") && said.contains("restart the daemon"),
        "{said}"
    );
    let again = settings.load().expect("right").0;
    assert_eq!(place(&again, &late), Ok(2), "after a restart it has");
}
