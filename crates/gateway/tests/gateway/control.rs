//! The control socket.

use std::io::{IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use kernel::control::{GatewayCommand, GatewayReply, ask};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use crate::stage::{Stage, crypto, files, named};

#[tokio::test]
async fn a_snapshot_replaces_the_routes_and_an_older_one_is_refused() {
    crypto();
    let (one, two) = (named("one"), named("two"));
    let stage = Stage::start(files(5, &[one]), Default::default()).await;
    let ask_name =
        || async { reqwest::get(stage.url("/api/v1/files")).await.expect("answers").text().await.expect("reads") };
    assert_eq!(ask_name().await, "one");
    assert_eq!(stage.follow(files(6, &[two])).await, GatewayReply::Done);
    for _ in 0..20 {
        assert_eq!(ask_name().await, "two");
    }
    assert!(matches!(stage.follow(files(5, &[one])).await, GatewayReply::Refused { .. }));
    assert_eq!(ask_name().await, "two");
}

#[tokio::test]
async fn the_socket_is_private_and_bad_lines_are_refused_in_words() {
    let stage = Stage::start(files(1, &[]), Default::default()).await;
    let mode = std::fs::metadata(&stage.socket).expect("is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let reply: GatewayReply =
        ask(&stage.socket, &serde_json::json!({"op": "dance"}), Duration::from_secs(5)).await.expect("answers");
    assert!(matches!(reply, GatewayReply::Refused { .. }));
}

#[tokio::test]
async fn the_listeners_are_handed_over_and_accept() {
    crypto();
    let stage = Stage::start(files(1, &[named("a")]), Default::default()).await;
    let socket = stage.socket.clone();
    let (names, files) = tokio::task::spawn_blocking(move || {
        let mut stream = UnixStream::connect(socket).expect("connects");
        let mut command = serde_json::to_vec(&GatewayCommand::Listeners).expect("serialises");
        command.push(b'\n');
        stream.write_all(&command).expect("writes");
        let mut line = vec![0; 4096];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let got = recvmsg(&stream, &mut [IoSliceMut::new(&mut line)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)
            .expect("receives");
        let files: Vec<_> = ancillary
            .drain()
            .filter_map(|message| match message {
                RecvAncillaryMessage::ScmRights(files) => Some(files),
                _ => None,
            })
            .flatten()
            .collect();
        line.truncate(got.bytes);
        while !line.ends_with(b"\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("reads");
            line.push(byte[0]);
        }
        let reply: GatewayReply = serde_json::from_slice(&line).expect("parses");
        let GatewayReply::Listeners { names } = reply else { panic!("{reply:?}") };
        (names, files)
    })
    .await
    .expect("ends");
    assert_eq!(names, ["http", "https"]);
    let mut files = files.into_iter();
    let http = std::net::TcpListener::from(files.next().expect("one"));
    assert_eq!(http.local_addr().expect("an address"), stage.http);
    let https = std::net::TcpListener::from(files.next().expect("two"));
    assert_eq!(https.local_addr().expect("an address"), stage.https);
}
