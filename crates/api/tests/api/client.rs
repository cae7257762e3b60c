//! A client that shares no code with the server: plain HTTP/1.1 over a socket.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// GET with extra header lines.
pub(crate) async fn get_with(at: SocketAddr, path: &str, headers: &str) -> Reply {
    send(at, "GET", path, headers).await
}

pub(crate) async fn get(at: SocketAddr, path: &str) -> Reply {
    send(at, "GET", path, "").await
}

/// POST of a body with extra header lines.
pub(crate) async fn post(at: SocketAddr, path: &str, headers: &str, body: &str) -> Reply {
    post_to("localhost", at, path, headers, body).await
}

/// The same to whatever `host` the request names.
pub(crate) async fn post_to(host: &str, at: SocketAddr, path: &str, headers: &str, body: &str) -> Reply {
    let length = body.len();
    let rest = format!("{headers}content-length: {length}\r\n");
    exchange(host, at, "POST", path, &rest, body).await
}

pub(crate) async fn send(at: SocketAddr, method: &str, path: &str, headers: &str) -> Reply {
    exchange("localhost", at, method, path, headers, "").await
}

/// GET of a body that is no text, with extra header lines: its status, its head and its bytes.
pub(crate) async fn get_bytes(at: SocketAddr, path: &str, headers: &str) -> (u16, String, Vec<u8>) {
    let bytes = answer("localhost", at, "GET", path, headers, "").await;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_ascii_lowercase(), bytes[end + 4..].to_vec())
}

async fn answer(host: &str, at: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let mut socket = TcpStream::connect(at).await.unwrap();
    let request =
        format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n{body}");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).await.unwrap();
    bytes
}

async fn exchange(host: &str, at: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> Reply {
    let text = String::from_utf8(answer(host, at, method, path, headers, body).await).unwrap();
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no head in {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = BTreeMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        let all: &mut String = headers.entry(name.to_ascii_lowercase()).or_default();
        all.push_str(if all.is_empty() { "" } else { ", " });
        all.push_str(value);
    }
    Reply {
        status,
        headers,
        body: body.to_owned(),
    }
}
