//! X7, X10, X15, X17: crowds of connections, trace ids and names.

use std::net::SocketAddr;
use std::time::Duration;

use prost::Message;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::{Grpc, stream};
use crate::message::{child, good, request, span};
use crate::rig::{Rig, analysed};

/// Connections that a crowd opens.
const CROWD: usize = 500;

/// A crowd of 500 connections from addresses 127.0.0.2 and up; `None` where the system has not so many handles.
async fn crowd(to: SocketAddr, each: usize) -> Option<Vec<TcpStream>> {
    let handles = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let open_files = handles.lines().find(|line| line.starts_with("Max open files"));
    let limit = open_files.and_then(|line| line.split_whitespace().nth(3)?.parse::<usize>().ok());
    if limit.is_some_and(|limit| limit < 2 * CROWD + 200) {
        eprintln!("skipped: {limit:?} file handles are too few for {CROWD} connections at both ends");
        return None;
    }
    let mut crowd = Vec::with_capacity(CROWD);
    for n in 0..CROWD {
        crowd.push(stream(to, 2 + (n / each) as u8).await);
    }
    Some(crowd)
}

/// Whether the other end has hung up.
async fn is_closed(stream: &mut TcpStream) -> bool {
    matches!(
        timeout(Duration::from_millis(1), stream.read(&mut [0])).await,
        Ok(Ok(0) | Err(_))
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn x17_five_hundred_idle_connections_leave_a_client_working() {
    let mut rig = Rig::start().await;
    let addresses = rig.daemon.addresses();
    for to in [addresses.otlp_grpc, addresses.otlp_http, addresses.listen] {
        let Some(idle) = crowd(to, 50).await else { return };
        let newcomer = Grpc::connect(addresses.otlp_grpc, 99).await;
        let message = request("newcomer", good(rig.trace())).encode_to_vec();
        assert_eq!(newcomer.export(None, &message).await.code(), 0);
        rig.expect(&analysed(2));
        rig.spans("beside the crowd", |trace| vec![span(trace, 1)], &analysed(1))
            .await;
        if to != addresses.listen {
            let open = |status: &serde_json::Value| status["connections"]["open"].as_u64();
            rig.wait("the crowd is counted", |status| {
                open(status) >= Some(CROWD as u64)
            })
            .await;
        }
        drop(idle);
    }
    rig.wait("the crowd is gone", |status| {
        status["connections"]["open"].as_u64() < Some(10)
    })
    .await;
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn x15_a_crowd_of_one_address_gets_its_64_places_and_keeps_nobody_out() {
    let mut rig = Rig::start().await;
    let Some(mut idle) = crowd(rig.daemon.addresses().otlp_grpc, CROWD).await else {
        return;
    };
    rig.wait("the rest is refused", |status| {
        status["connections"]["refused"].as_u64() == Some(CROWD as u64 - 64)
    })
    .await;
    let mut closed = 0;
    for stream in &mut idle {
        closed += usize::from(is_closed(stream).await);
    }
    assert_eq!(closed, CROWD - 64);
    rig.spans("beside the crowd", |trace| vec![span(trace, 1)], &analysed(1))
        .await;
    rig.settle().await;
}

/// Lines of `/metrics` about the daemon, and those that traces feed.
#[derive(Debug)]
struct Series {
    own: usize,
    fed: usize,
}

async fn series(rig: &Rig) -> Series {
    const FED: [&str; 4] = [
        "traces_",
        "hotspan_finding_",
        "hotspan_critical_path_",
        "hotspan_third_party_",
    ];
    let text = String::from_utf8(rig.get("/metrics").await.body.to_vec()).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let (fed, own): (Vec<&str>, Vec<&str>) =
        lines.partition(|line| FED.iter().any(|name| line.starts_with(name)));
    Series {
        own: own.len(),
        fed: fed.len(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn x10_names_beyond_their_caps_share_one_and_add_few_series() {
    const SERIES_MAX: usize = 2_000;
    let mut rig = Rig::with(&[("metrics_series_max", "2000")]).await;
    let before = series(&rig).await;
    let word = |n: u64| -> String {
        let letter = |place: u32| char::from(b'a' + (n / 26_u64.pow(place) % 26) as u8);
        (0..4).map(letter).collect()
    };
    for part in 0..5 {
        let mut all = request("x", Vec::new());
        for n in part * 500..(part + 1) * 500 {
            let trace = rig.trace();
            all.resource_spans
                .extend(request(&format!("service-{}", word(n)), good(trace)).resource_spans);
        }
        assert_eq!(rig.export(None, &all.encode_to_vec()).await.code(), 0);
        rig.expect(&analysed(1_000));
    }
    rig.compare().await;
    let services = rig.get("/api/v1/services?limit=1").await.json();
    assert!(services["total"].as_u64() <= Some(2_001), "{services}");
    let overflow = rig.status().await["overflow"].clone();
    let beyond: u64 = overflow
        .as_object()
        .unwrap()
        .values()
        .map(|n| n.as_u64().unwrap())
        .sum();
    assert!(beyond > 0, "{overflow}");
    let after = series(&rig).await;
    // Of refused and encodings, a line each may have come.
    assert!(after.own <= before.own + 4, "{before:?}, then {after:?}");
    // Names beyond share some lines of each family.
    assert!(after.fed <= SERIES_MAX + 200, "{before:?}, then {after:?}");
    rig.settle().await;
}

/// Requests of spans that never complete, each of a trace of its own, until far more was sent than there is room for.
#[tokio::test(flavor = "multi_thread")]
async fn x07_traces_that_never_complete_stay_within_their_share_of_the_memory() {
    const SPANS: u64 = 2_000;
    // 64 MiB: 16 for open traces, and 200,000 of them would take over 50.
    let rig = Rig::with(&[
        ("memory", "64MiB"),
        ("complete_quiet", "20s"),
        ("root_quiet", "30s"),
        ("rootless_quiet", "40s"),
    ])
    .await;
    let (mut sent, mut refused, mut tightest) = (0_u64, 0_u64, 0_u64);
    while sent < 200_000 {
        let spans = (0..SPANS)
            .map(|n| child(u128::from(sent + n + 1) << 40, 2, 1))
            .collect();
        let message = request("flood", spans).encode_to_vec();
        match rig.export(None, &message).await.code() {
            0 => sent += SPANS,
            14 => refused += 1,
            code => panic!("{code}"),
        }
        let status = rig.status().await;
        for part in status["memory"].as_array().unwrap() {
            let (used, max) = (part["used"].as_u64().unwrap(), part["max"].as_u64().unwrap());
            assert!(used <= max, "{part}");
            if part["part"] == "traces" {
                tightest = tightest.max(used * 100 / max);
            }
        }
        let spans = &status["spans"];
        let dropped: u64 = spans["dropped"]
            .as_object()
            .unwrap()
            .values()
            .map(|n| n.as_u64().unwrap())
            .sum();
        let sum = spans["analysed"].as_u64().unwrap() + dropped + spans["open"].as_u64().unwrap();
        assert_eq!(spans["received"].as_u64().unwrap(), sum, "{spans}");
    }
    assert!(tightest >= 80, "the share was never full: {tightest} %");
    let status = rig
        .wait("the whole flood is owned", |status| {
            status["spans"]["received"] == sent
        })
        .await;
    let early = &status["traces_decided"];
    eprintln!(
        "{sent} spans sent, {refused} requests refused, share {tightest} % full, decided {early}, {}",
        status["spans"]
    );
    let counts = rig.daemon.stop().await;
    assert!(
        counts.balance() && counts.open == 0 && counts.received == sent,
        "{counts:?}"
    );
}
