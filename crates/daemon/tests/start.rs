//! A start is all or nothing: what cannot be bound is named, and nothing is left behind.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use hotspan_daemon::{Config, Daemon, Layers, Origin};

/// Longest wait for what takes milliseconds.
const WAIT: Duration = Duration::from_secs(20);

/// The names of this process's threads that only a daemon has.
fn owner_threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    let names = names.map(|name| name.trim().to_owned());
    names
        .filter(|name| name.starts_with("shard-") || name == "answers")
        .collect()
}

/// Waits until so many of them are seen: a thread takes its name, and leaves the list, in its own time.
fn see_owner_threads(count: usize) {
    let began = Instant::now();
    while owner_threads().len() != count {
        let seen = owner_threads();
        assert!(began.elapsed() < WAIT, "{seen:?} are not {count}");
        std::thread::yield_now();
    }
}

fn free_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it is bound")
}

/// The only test of this file that counts threads: a daemon beside it would be seen.
#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_named_and_every_other_port_and_thread_is_given_back() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let taken_at = taken.local_addr().expect("it is bound");
    for key in ["otlp_grpc", "otlp_http", "listen"] {
        let mut layers = Layers::default();
        let mut free = Vec::new();
        for of in ["otlp_grpc", "otlp_http", "listen"] {
            let address = if of == key { taken_at } else { free_port() };
            if of != key {
                free.push(address);
            }
            layers.set(Origin::Flag, of, &address.to_string());
        }
        let config = Config::read(&layers).expect("the flags are valid");
        let error = Daemon::start(&config)
            .await
            .expect_err("a port is in use")
            .to_string();
        let flag = format!("--{}", key.replace('_', "-"));
        for word in [key, &taken_at.to_string(), "in use", &flag] {
            assert!(error.contains(word), "{error} does not say {word}");
        }
        assert!(!error.contains('\n'), "{error}");
        for address in free {
            drop(TcpListener::bind(address).expect("it was given back"));
        }
        see_owner_threads(0);
    }
    let mut layers = Layers::default();
    for key in ["otlp_grpc", "otlp_http", "listen"] {
        layers.set(Origin::Flag, key, "127.0.0.1:0");
    }
    layers.set(Origin::Flag, "shards", "3");
    let config = Config::read(&layers).expect("the flags are valid");
    let daemon = Daemon::start(&config).await.expect("port 0 is free");
    see_owner_threads(4);
    let address = daemon.addresses().otlp_grpc;
    daemon.stop().await;
    see_owner_threads(0);
    drop(TcpListener::bind(address).expect("it was given back"));
}
