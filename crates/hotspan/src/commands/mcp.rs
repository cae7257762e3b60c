//! `hotspan mcp`: an agent's standard input and output, joined to `/mcp` of a running daemon.
//!
//! A message is a line. Each is posted as it is, and what the daemon answers is written as a line; nothing is kept but
//! the version of the protocol that both agreed on. When no daemon answers, the agent is told in its own protocol.

use std::io::{self, BufRead, Read as _};

use anyhow::anyhow;
use serde_json::{Value, json};
use ureq::http::Response;
use ureq::{Agent, Body};

use crate::arguments::McpArguments;
use crate::client::agent;
use crate::exit::Failure;
use crate::output::print;
use crate::showing::Showing;

/// Longest line that is read.
const LINE_BYTES_MAX: u64 = 1 << 20;
/// Longest answer that is read: more than any budget allows.
const REPLY_BYTES_MAX: u64 = 16 << 20;
/// What JSON-RPC calls an error of the server, and a message that is no JSON.
const NO_ANSWER: i32 = -32_000;
const NO_JSON: i32 = -32_700;

pub(crate) fn run(arguments: &McpArguments) -> Result<(), Failure> {
    let mut bridge = Bridge::new(&arguments.url, &arguments.showing)?;
    let mut input = io::stdin().lock();
    while let Some(line) = line(&mut input)? {
        if let Some(answer) = bridge.answer(&line) {
            print(&format!("{answer}\n"))?;
        }
    }
    Ok(())
}

/// The next line; `None` at the end. Of one that is too long only the beginning is given.
fn line(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    let is_whole = line.ends_with(b"\n") || (line.len() as u64) < LINE_BYTES_MAX;
    if !is_whole {
        input.skip_until(b'\n')?;
    }
    Ok((!line.is_empty()).then_some(line))
}

/// One end of the conversation.
struct Bridge {
    agent: Agent,
    authorization: Option<String>,
    base: String,
    /// The version of the protocol that the daemon agreed to.
    version: Option<String>,
    /// Somebody was told that no daemon answers.
    told: bool,
}

impl Bridge {
    fn new(url: &str, showing: &Showing) -> Result<Bridge, Failure> {
        let base = url.trim_end_matches('/').to_owned();
        Ok(Bridge {
            agent: agent(&base, showing, |config| config)?,
            authorization: showing.header()?,
            base,
            version: None,
            told: false,
        })
    }

    /// What is written for one line; nothing for what asks for no answer.
    fn answer(&mut self, line: &[u8]) -> Option<Value> {
        if line.trim_ascii().is_empty() {
            return None;
        }
        let Ok(message) = serde_json::from_slice::<Value>(line) else {
            return Some(refusal(&Value::Null, NO_JSON, "a message is one line of JSON"));
        };
        let id = message.get("id").cloned();
        match self.exchange(&message) {
            Ok(answer) => {
                self.told = false;
                answer.filter(|_| id.is_some())
            }
            Err(why) => {
                if !self.told {
                    eprintln!("hotspan: {why}");
                    self.told = true;
                }
                id.map(|id| refusal(&id, NO_ANSWER, &why.to_string()))
            }
        }
    }

    /// Posts a message; `None` when it was only taken.
    fn exchange(&mut self, message: &Value) -> anyhow::Result<Option<Value>> {
        let base = &self.base;
        let mut request = self
            .agent
            .post(format!("{base}/mcp"))
            .content_type("application/json")
            .header("accept", "application/json, text/event-stream");
        if let Some(shown) = &self.authorization {
            request = request.header("authorization", shown);
        }
        for (name, value) in headers(message, self.version.as_deref()) {
            request = request.header(name, value);
        }
        let reply = request.send(message.to_string()).map_err(|error| {
            anyhow!("{base}: {error}; start a daemon with `hotspan serve`, or name another with --url")
        })?;
        let answer = read(base, reply)?;
        let agreed = answer
            .as_ref()
            .and_then(|of| of["result"]["protocolVersion"].as_str());
        if message["method"] == "initialize" {
            self.version = agreed.map(str::to_owned);
        }
        Ok(answer)
    }
}

/// What streamable HTTP wants to know of a message without reading it.
fn headers<'a>(message: &'a Value, agreed: Option<&'a str>) -> Vec<(&'static str, &'a str)> {
    let params = &message["params"];
    let own = params["_meta"]["io.modelcontextprotocol/protocolVersion"].as_str();
    let first = message["method"] == "initialize";
    [
        ("mcp-protocol-version", own.or(agreed).filter(|_| !first)),
        ("mcp-method", message["method"].as_str().filter(|_| own.is_some())),
        ("mcp-name", params["name"].as_str().filter(|_| own.is_some())),
    ]
    .into_iter()
    // What is no header is no method or tool either; the daemon says so.
    .filter_map(|(name, value)| {
        Some((
            name,
            value.filter(|value| value.bytes().all(|b| b.is_ascii_graphic()))?,
        ))
    })
    .collect()
}

/// The message that a reply is; `None` for one that has none.
fn read(base: &str, mut reply: Response<Body>) -> anyhow::Result<Option<Value>> {
    let status = reply.status();
    let body = reply.body_mut().with_config().limit(REPLY_BYTES_MAX);
    let text = body.read_to_string()?;
    if text.trim().is_empty() && status.is_success() {
        return Ok(None);
    }
    match serde_json::from_str::<Value>(&text) {
        Ok(answer) if answer["jsonrpc"] == "2.0" => Ok(Some(answer)),
        Ok(problem) if problem["detail"].is_string() => Err(anyhow!(
            "{base}: {}",
            problem["detail"].as_str().unwrap_or_default()
        )),
        Ok(_) | Err(_) => Err(anyhow!("{base}: no Hotspan with /mcp answers there ({status})")),
    }
}

fn refusal(id: &Value, code: i32, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}
