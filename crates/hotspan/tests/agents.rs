//! An agent asks a running daemon through `hotspan mcp`, and how far it is from a question to the evidence.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

#[path = "support/daemon.rs"]
mod daemon;

use daemon::{Daemon, hotspan, within};

/// A client of one test.
struct Agent {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// Messages asked, and bytes of what was answered.
    asked: u64,
    bytes: usize,
}

impl Agent {
    fn new(url: &str) -> Agent {
        let mut command = hotspan();
        command.args(["mcp", "--url", url]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        let output = child.stdout.take().expect("it is piped");
        Agent {
            input: child.stdin.take(),
            output: BufReader::new(output),
            child,
            asked: 0,
            bytes: 0,
        }
    }

    fn write(&mut self, line: &str) {
        let input = self.input.as_mut().expect("it is open");
        writeln!(input, "{line}")
            .and_then(|()| input.flush())
            .expect("it reads");
    }

    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it is text");
        self.bytes += line.len();
        serde_json::from_str(&line).expect("a line is JSON")
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.write(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string());
        let answer = self.read();
        assert_eq!(answer["id"], id);
        answer
    }

    fn hello(&mut self) -> Value {
        let client = json!({"name": "test", "version": "1"});
        let params = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
        let hello = self.ask("initialize", &params);
        self.write(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string());
        hello
    }

    fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let answer = self.ask("tools/call", &json!({"name": tool, "arguments": arguments}));
        let result = &answer["result"];
        assert_ne!(result["isError"], json!(true), "{tool} {arguments}: {answer}");
        result["structuredContent"].clone()
    }

    /// Ends the conversation; the exit code and what was said to people.
    fn end(mut self) -> (Option<i32>, String) {
        drop(self.input.take());
        let output = self.child.wait_with_output().expect("it ends");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    }
}

/// Faults of the demo shop: the detector that finds each.
const FAULTS: [&str; 5] = [
    "n-plus-one-query",
    "n-plus-one-call",
    "n-plus-one-cache",
    "serial-fan-out",
    "third-party-on-critical-path",
];

/// The score card: most steps and bytes from a question to evidence; the bytes are a fifth above what they are.
const STEPS_MAX: u64 = 2;
const BYTES_MAX: usize = 11_000;
/// The same from a slow trace to the hotspot that explains it.
const EXPLAIN_BYTES_MAX: usize = 5_500;

/// A daemon with the demo shop's faults, all listed.
fn shop(name: &str) -> Daemon {
    let daemon = Daemon::start(name);
    let mut command = hotspan();
    command.args([
        "gen",
        "--scenario",
        "demo",
        "--traces",
        "210",
        "--seed",
        "7",
        "--to",
    ]);
    let sent = command
        .arg(daemon.url("otlp_grpc"))
        .output()
        .expect("the binary runs");
    assert!(sent.status.success());
    let mut agent = Agent::new(&daemon.url("listen"));
    agent.hello();
    let agent = std::cell::RefCell::new(agent);
    within(|| {
        let list = agent.borrow_mut().call("list_hotspots", &json!({}));
        let rows = list["hotspots"].as_array()?;
        let listed = |fault: &&str| rows.iter().any(|row| row["detector"] == **fault);
        FAULTS.iter().all(listed).then_some(())
    });
    assert_eq!(agent.into_inner().end().0, Some(0));
    daemon
}

#[test]
fn from_a_question_to_the_evidence_it_is_two_steps() {
    let daemon = shop("agents");
    let mut card = String::new();
    for fault in FAULTS {
        let mut agent = Agent::new(&daemon.url("listen"));
        agent.hello();
        (agent.asked, agent.bytes) = (0, 0);
        let list = agent.call("list_hotspots", &json!({"detector": [fault], "limit": 1}));
        let id = list["hotspots"][0]["id"]
            .as_str()
            .expect("it is listed")
            .to_owned();
        // The first digits are enough.
        let detail = agent.call("get_hotspot", &json!({"id": id[..12]}));
        let evidence = &detail["evidence"][0];
        assert!(evidence["held"] == true && evidence["members"][0]["duration_ns"].is_u64());
        assert!(
            !detail["hotspot"]["quoted"]["fix"]
                .as_str()
                .unwrap_or_default()
                .is_empty()
        );
        card += &format!("{fault}: {} steps, {} bytes\n", agent.asked, agent.bytes);
        assert!(agent.asked <= STEPS_MAX && agent.bytes <= BYTES_MAX, "{card}");

        // From the trace alone, say out of a log, the way leads to the same hotspot.
        (agent.asked, agent.bytes) = (0, 0);
        let trace = json!({"trace_id": evidence["trace_id"]});
        let explained = agent.call("explain_trace", &trace);
        let found = explained["findings"].as_array().expect("it is a list");
        assert!(
            found.iter().any(|finding| finding["hotspot_id"] == id.as_str()),
            "{explained}"
        );
        card += &format!(
            "{fault} from a trace: {} steps, {} bytes\n",
            agent.asked, agent.bytes
        );
        assert!(agent.bytes <= EXPLAIN_BYTES_MAX, "{card}");
        assert_eq!(agent.end(), (Some(0), String::new()));
    }
    eprintln!("{card}");
}

#[test]
fn without_a_daemon_an_agent_is_told_so_and_one_may_come_later() {
    let daemon = Daemon::start("agents-later");
    let url = daemon.url("listen");
    let mut agent = Agent::new(&url);
    assert_eq!(agent.hello()["result"]["serverInfo"]["name"], "hotspan");
    daemon.stop();
    for _ in 0..2 {
        let error = &agent.ask("tools/list", &json!({}))["error"];
        assert_eq!(error["code"], -32_000);
        let words = error["message"].as_str().expect("it is said");
        assert!(words.contains(&url) && words.contains("hotspan serve"), "{words}");
    }
    // Nobody waits for an answer to a note.
    agent.write(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled"}).to_string());
    agent.write("");
    let (code, talk) = agent.end();
    assert_eq!(code, Some(0));
    assert_eq!(talk.matches("hotspan serve").count(), 1, "{talk}");
}

#[test]
fn what_is_no_message_is_refused_and_the_next_one_is_answered() {
    let daemon = Daemon::start("agents-garbage");
    let mut agent = Agent::new(&daemon.url("listen"));
    for line in ["{", "hello", &format!("\"{}\"", "x".repeat(2 << 20))] {
        agent.write(line);
        let answer = agent.read();
        assert_eq!(
            (&answer["id"], &answer["error"]["code"]),
            (&Value::Null, &json!(-32_700))
        );
    }
    agent.write(
        &json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x".repeat(100_000)}})
            .to_string(),
    );
    assert_eq!(agent.read()["error"]["code"], -32_000);
    agent.write(&json!({"jsonrpc": "2.0", "id": "b", "method": "ping"}).to_string());
    assert_eq!(agent.read(), json!({"jsonrpc": "2.0", "id": "b", "result": {}}));
    assert_eq!(agent.end().0, Some(0));
}
