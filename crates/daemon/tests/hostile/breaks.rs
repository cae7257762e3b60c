//! Clients that end in the middle of what they say.

use prost::Message as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::message::{good, request};
use crate::rig::{Rig, analysed};

/// What the system does with the connections of a client that is killed: they end, wherever that is.
#[tokio::test(flavor = "multi_thread")]
async fn x21_a_client_that_dies_in_mid_request_leaves_no_span_and_may_send_it_again() {
    let mut rig = Rig::start().await;
    let trace = rig.trace();
    let body = request("hostile", good(trace)).encode_to_vec();
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: here\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let whole = [head.as_bytes(), &body].concat();
    for sent in [head.len() / 2, head.len(), head.len() + 1, whole.len() - 1] {
        let mut stream = TcpStream::connect(rig.daemon.addresses().otlp_http)
            .await
            .unwrap();
        stream.write_all(&whole[..sent]).await.unwrap();
    }
    // The whole request, whose answer nobody waits for: it may have been read or not.
    let mut stream = TcpStream::connect(rig.daemon.addresses().otlp_http)
        .await
        .unwrap();
    stream.write_all(&whole).await.unwrap();
    rig.wait("the request", |status| status["spans"]["received"] == 2)
        .await;
    drop(stream);
    rig.expect(&analysed(2));
    // Who heard nothing sends it again: copies, counted, and nothing else changes.
    rig.post("application/x-protobuf", body).await;
    rig.expect(&analysed(0).drops("duplicate", 2));
    rig.settle().await;
}
