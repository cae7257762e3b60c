//! HTTP/2 by hand, to send what no client library would (X16).

use tokio::io::{AsyncRead, AsyncReadExt};

/// The preface and empty settings.
pub(crate) fn hello() -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(4, 0, 0, b"")].concat()
}

/// Any frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// A call whose message is announced as `size` bytes long and does not come yet.
pub(crate) fn announcement(stream: u32, path: &str, size: u32) -> Vec<u8> {
    let announced = [&[0], &size.to_be_bytes()[..]].concat();
    let open = frame(1, 4, stream, &headers(path));
    [open, frame(0, 0, stream, &announced)].concat()
}

/// Kind and stream of the next frame; what it carries is read and dropped.
pub(crate) async fn next_frame(from: &mut (impl AsyncRead + Unpin)) -> std::io::Result<(u8, u32)> {
    let mut head = [0; 9];
    from.read_exact(&mut head).await?;
    let [a, b, c, kind, _, stream @ ..] = head;
    let mut rest = from.take(u32::from_be_bytes([0, a, b, c]).into());
    tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
    Ok((kind, u32::from_be_bytes(stream)))
}

/// The header block of a POST to `path`, by indices of the static table.
fn headers(path: &str) -> Vec<u8> {
    let mut block = vec![0x83, 0x86, 0x04, path.len() as u8];
    block.extend(path.as_bytes());
    block.extend(b"\x01\x01x\x5f\x10application/grpc");
    block
}

/// A named flood of frames, each with so many repetitions that a patient server would be lost.
pub(crate) fn floods() -> Vec<(&'static str, Vec<u8>)> {
    const END_HEADERS: u8 = 4;
    let odd = |n: u32| 2 * n + 1;
    let open = |stream: u32| frame(1, END_HEADERS, stream, &headers("/x.Y/Z"));
    let reset = |stream: u32| frame(3, 0, stream, &8u32.to_be_bytes());
    let mut continuation = frame(1, 0, 1, &headers("/x.Y/Z"));
    // A header without indexing, over and over, that never ends.
    continuation.extend((0..2_000).flat_map(|_| frame(9, 0, 1, &b"\x00\x01a\x01b".repeat(100))));
    let mut empty_data = open(1);
    empty_data.extend((0..20_000).flat_map(|_| frame(0, 0, 1, b"")));
    vec![
        (
            "rapid reset",
            (0..5_000)
                .flat_map(|n| [open(odd(n)), reset(odd(n))].concat())
                .collect(),
        ),
        ("many streams", (0..5_000).flat_map(|n| open(odd(n))).collect()),
        ("continuation", continuation),
        ("empty data", empty_data),
        (
            "ping",
            (0..20_000).flat_map(|_| frame(6, 0, 0, b"pingpong")).collect(),
        ),
        (
            "settings",
            (0..20_000).flat_map(|_| frame(4, 0, 0, b"")).collect(),
        ),
        ("a frame too large", frame(0, 0, 1, &vec![0; (1 << 24) - 1])),
        ("garbage", b"PRI and no preface at all".to_vec()),
    ]
}
