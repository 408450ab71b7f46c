use std::io::ErrorKind;

use super::*;
use crate::process::eventually;

/// A server that sends back what it gets, and a proxy in front of it.
async fn echo() -> FaultProxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has ports");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    FaultProxy::start(address, 1).await
}

async fn connected(proxy: &FaultProxy) -> TcpStream {
    TcpStream::connect(proxy.address()).await.expect("the proxy accepts")
}

async fn round_trip(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    let mut back = vec![0; bytes.len()];
    stream.write_all(bytes).await?;
    stream.read_exact(&mut back).await?;
    assert_eq!(back, bytes);
    Ok(())
}

#[tokio::test]
async fn without_faults_everything_passes_and_an_end_is_passed_on() {
    let proxy = echo().await;
    let mut stream = connected(&proxy).await;
    round_trip(&mut stream, &[7; 10_000]).await.expect("echo");
    stream.shutdown().await.expect("half-closed");
    assert_eq!(stream.read(&mut [0]).await.expect("orderly"), 0);
    assert_eq!((proxy.accepted(), proxy.passed()), (1, 20_000));
}

#[tokio::test]
async fn a_connection_ends_after_exactly_its_bytes() {
    let proxy = echo().await;
    proxy.set(Faults { cut_after: Some(1500..1501), ..Faults::default() });
    let mut stream = connected(&proxy).await;
    stream.write_all(&[7; 1000]).await.expect("sent");
    let mut back = Vec::new();
    let _ = stream.read_to_end(&mut back).await;
    assert_eq!(back.len(), 500);
}

#[tokio::test]
async fn a_reset_is_an_error_at_the_client() {
    let proxy = echo().await;
    proxy.set(Faults { cut: Cut::Reset, ..Faults::default() });
    let mut stream = connected(&proxy).await;
    round_trip(&mut stream, b"there").await.expect("echo");
    proxy.cut_all();
    assert_eq!(stream.read(&mut [0]).await.expect_err("reset").kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_cut_without_reset_is_an_end_of_file() {
    let proxy = echo().await;
    let mut stream = connected(&proxy).await;
    round_trip(&mut stream, b"there").await.expect("echo");
    proxy.cut_all();
    assert_eq!(stream.read(&mut [0]).await.expect("orderly"), 0);
    round_trip(&mut connected(&proxy).await, b"again").await.expect("new connections work");
}

#[tokio::test]
async fn a_stalled_connection_is_silent_until_it_goes_on() {
    let proxy = echo().await;
    let mut stream = connected(&proxy).await;
    round_trip(&mut stream, b"there").await.expect("echo");
    proxy.change(|faults| faults.stalled = true);
    stream.write_all(b"silence").await.expect("buffered");
    let passed = proxy.passed();
    tokio::time::timeout(Duration::from_millis(100), stream.read(&mut [0])).await.expect_err("nothing comes");
    assert_eq!(proxy.passed(), passed);
    proxy.change(|faults| faults.stalled = false);
    let mut back = [0; 7];
    stream.read_exact(&mut back).await.expect("it goes on");
    assert_eq!(&back, b"silence");
}

#[tokio::test]
async fn a_refused_connection_ends_at_once() {
    let proxy = echo().await;
    proxy.change(|faults| faults.refusing = true);
    let mut stream = connected(&proxy).await;
    assert_eq!(stream.read(&mut [0]).await.expect("orderly"), 0);
}

#[tokio::test(start_paused = true)]
async fn latency_and_speed_are_those_asked_for() {
    let proxy = echo().await;
    let mut stream = connected(&proxy).await;
    proxy.change(|faults| faults.latency = Duration::from_secs(3));
    let begun = tokio::time::Instant::now();
    round_trip(&mut stream, b"later").await.expect("echo");
    assert_eq!(begun.elapsed().as_secs(), 6, "three seconds there and three back");

    proxy.set(Faults { bytes_per_second: Some(100), ..Faults::default() });
    let begun = tokio::time::Instant::now();
    round_trip(&mut stream, &[7; 1000]).await.expect("echo");
    assert_eq!(begun.elapsed().as_secs(), 20, "ten seconds there and ten back");
}

#[tokio::test]
async fn the_same_seed_cuts_at_the_same_places() {
    let mut places = Vec::new();
    for _ in 0..2 {
        let proxy = echo().await;
        proxy.set(Faults { cut_after: Some(0..100_000), ..Faults::default() });
        for round in 1..=3 {
            let mut stream = connected(&proxy).await;
            while round_trip(&mut stream, &[7; 64]).await.is_ok() {}
            drop(stream);
            eventually("accepted", Duration::from_secs(10), async || proxy.accepted() == round).await;
            places.push(proxy.passed());
        }
    }
    assert_eq!(places[..3], places[3..]);
}
