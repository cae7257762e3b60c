//! Asking a daemon: one address, an answer or a failure with its exit code.

use std::time::Duration;

use anyhow::anyhow;
use serde_json::Value;
use ureq::config::ConfigBuilder;
use ureq::http::Response;
use ureq::typestate::AgentScope;
use ureq::{Agent, Body, RequestBuilder};

use crate::exit::Failure;
use crate::showing::Showing;

/// Most bytes of an answer.
const BYTES_MAX: u64 = 64 << 20;
/// How long a daemon may take to accept a connection, and to answer.
const CONNECT: Duration = Duration::from_secs(5);
pub(crate) const ANSWER: Duration = Duration::from_secs(60);

/// Names and values of a query.
pub(crate) type Asked = Vec<(&'static str, String)>;

/// Whoever answers at one address.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    base: String,
    agent: Agent,
    authorization: Option<String>,
}

/// What speaks to an address; authorities are read for TLS only.
pub(crate) fn agent(
    base: &str,
    showing: &Showing,
    more: impl FnOnce(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope>,
) -> Result<Agent, Failure> {
    // Nothing is followed: a redirect could carry the token elsewhere.
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0);
    let config = match base.starts_with("https://") {
        true => config.tls_config(showing.tls()?),
        false => config,
    };
    Ok(more(config).build().into())
}

/// An answer, whatever it says.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) text: String,
    kind: String,
    /// How many rows all pages of a list have, where no envelope says it.
    pub(crate) total: Option<u64>,
}

impl Client {
    /// A client of `url` that shows what `showing` says, where an answer may take so long; without a scheme it is HTTP.
    pub(crate) fn new(url: &str, answer: Duration, showing: &Showing) -> Result<Client, Failure> {
        let url = url.trim_end_matches('/');
        let base = match url.contains("://") {
            true => url.to_owned(),
            false => format!("http://{url}"),
        };
        let agent = agent(&base, showing, |config| {
            config
                .timeout_connect(Some(CONNECT.min(answer)))
                .timeout_global(Some(answer))
        })?;
        Ok(Client {
            agent,
            authorization: showing.header()?,
            base,
        })
    }

    /// Where it asks.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Whatever is answered there.
    pub(crate) fn reply(&self, path: &str, asked: &[(&'static str, String)]) -> Result<Reply, Failure> {
        let request = self.shown(self.agent.get(format!("{}{path}", self.base)));
        let request = asked
            .iter()
            .fold(request, |request, (name, value)| request.query(name, value));
        self.read(request.call())
    }

    /// An answer of the kind `kind`, and no refusal.
    pub(crate) fn get(
        &self,
        path: &str,
        asked: &[(&'static str, String)],
        kind: &str,
    ) -> Result<Reply, Failure> {
        let reply = self.reply(path, asked)?;
        self.accept(reply, kind)
    }

    /// The JSON of an answer, and no refusal.
    pub(crate) fn json(&self, path: &str, asked: &[(&'static str, String)]) -> Result<Value, Failure> {
        let reply = self.get(path, asked, "application/json")?;
        self.parse(&reply.text)
    }

    /// The text of what is answered to a JSON body, and no refusal.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<String, Failure> {
        let request = self.shown(self.agent.post(format!("{}{path}", self.base)));
        let sent = request.content_type("application/json").send(body.to_string());
        let reply = self.read(sent)?;
        Ok(self.accept(reply, "application/json")?.text)
    }

    /// `text` as JSON.
    pub(crate) fn parse(&self, text: &str) -> Result<Value, Failure> {
        serde_json::from_str(text).map_err(|_| self.stranger())
    }

    fn shown<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        match &self.authorization {
            Some(value) => request.header("authorization", value),
            None => request,
        }
    }

    fn read(&self, reply: Result<Response<Body>, ureq::Error>) -> Result<Reply, Failure> {
        let mut reply = reply.map_err(|error| self.failed(error))?;
        let header = |name: &str| Some(reply.headers().get(name)?.to_str().ok()?.to_owned());
        let (kind, total) = (header("content-type"), header("x-total-count"));
        let body = reply.body_mut().with_config().limit(BYTES_MAX);
        let text = body.read_to_string().map_err(|error| self.failed(error))?;
        Ok(Reply {
            status: reply.status().as_u16(),
            text,
            kind: kind.unwrap_or_default(),
            total: total.and_then(|total| total.parse().ok()),
        })
    }

    fn accept(&self, reply: Reply, kind: &str) -> Result<Reply, Failure> {
        if (200..300).contains(&reply.status) {
            return match reply.kind.starts_with(kind) {
                true => Ok(reply),
                false => Err(self.stranger()),
            };
        }
        let problem = self.parse(&reply.text)?;
        let Some(detail) = problem["detail"].as_str().map(ToOwned::to_owned) else {
            return Err(self.stranger());
        };
        Err(match reply.status {
            401 => Failure::Input(anyhow!("{detail}; name it with --token-file or HOTSPAN_TOKEN")),
            404 => Failure::NoData(detail),
            _ => Failure::Input(anyhow!(detail)),
        })
    }

    fn stranger(&self) -> Failure {
        Failure::Input(anyhow!(
            "{}: no Hotspan answers there; name the address where one does with --url or HOTSPAN_URL",
            self.base
        ))
    }

    fn failed(&self, error: ureq::Error) -> Failure {
        use ureq::Error::{BadUri, BodyExceedsLimit, Http, TlsRequired};
        let base = &self.base;
        let misused = |why: String| Failure::Input(anyhow!(why));
        if matches!(error, BadUri(_) | Http(_)) {
            return misused(format!(
                "--url {base}: not an address; write say http://127.0.0.1:4319"
            ));
        }
        if matches!(error, TlsRequired) {
            return misused(format!(
                "--url {base}: no TLS is to be had; write http:// or go through a tunnel"
            ));
        }
        if let BodyExceedsLimit(limit) = error {
            return misused(format!(
                "{base}: the answer is over {limit} bytes; ask for less with --limit"
            ));
        }
        let said = error.to_string();
        let why = said.trim_start_matches("io: ");
        Failure::Unreachable(anyhow!(
            "{base}: {why}; start a daemon with `hotspan serve`, or name the address where one answers with --url or \
             HOTSPAN_URL"
        ))
    }
}
