//! Servers that ask for what they may not have: refused, and the agent serves on.

use bytes::Bytes;
use kernel::clock::SystemClock;
use serde_json::json;
use tokio::io::{AsyncWriteExt, BufStream};
use tokio_rustls::client::TlsStream;

use super::*;
use crate::authority::{self, Authority};
use crate::model::Address;
use crate::server::calling::call;
use crate::wire::Begin;

/// An enrolled agent that gives one folder, and whoever calls it.
struct Node {
    root: PathBuf,
    address: Address,
    config: Arc<rustls::ClientConfig>,
    lifecycle: Lifecycle,
    _folder: tempfile::TempDir,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}

impl Node {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("a path");
        for name in ["keys", "state", "given", "given-not", "given/below"] {
            std::fs::create_dir(root.join(name)).expect("makes");
        }
        std::fs::write(root.join("given/file"), "content").expect("writes");
        std::fs::write(root.join("given-not/secret"), "secret").expect("writes");
        std::os::unix::fs::symlink(root.join("given-not"), root.join("given/out")).expect("links");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids = IdSource::seeded(Arc::clone(&clock), 1);
        let authority = Authority::ensure(&root.join("keys"), clock.now()).expect("makes");
        let (key, request) = authority::request().expect("a request");
        let agent = ids.next();
        let (certificate, ..) = authority.sign_agent(&request, agent, clock.now()).expect("signs");
        let identity = json!({
            "agent": agent, "url": "http://127.0.0.1:1", "token": ids.next(), "secret": "00", "key": key,
            "certificate": certificate, "authority": authority.pem(),
        });
        let identity: Identity = serde_json::from_value(identity).expect("an identity");
        let options = Options { allow: vec![root.join("given")], state: root.join("state"), hooks: None, limit: None };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let port = listener.local_addr().expect("an address").port();
        let agent = Agent::new(options, &identity, Arc::clone(&clock), ids).expect("an agent");
        let lifecycle = Lifecycle::new();
        tokio::spawn(agent.serve(listener, lifecycle.clone()));
        Self {
            root,
            address: Address::check("127.0.0.1", i64::from(port)).expect("an address"),
            config: authority.caller(clock.now()).expect("TLS"),
            lifecycle,
            _folder: folder,
        }
    }

    async fn call(&self) -> TlsStream<BufStream<TcpStream>> {
        call(&self.address, &self.config).await.unwrap_or_else(|error| panic!("{error}")).stream
    }

    /// What an agent answers to a first word.
    async fn asked(&self, frame: Frame) -> Result<Frame, wire::WireError> {
        let mut stream = self.call().await;
        wire::write(&mut stream, &frame).await?;
        stream.flush().await?;
        wire::read(&mut stream).await
    }

    fn begin(&self, path: &str) -> Frame {
        Frame::Begin(Begin { version: VERSION, path: path.to_owned(), level: 3 })
    }

    /// An honest server is served.
    async fn is_well(&self) {
        let path = self.root.join("given");
        let answer = self.asked(self.begin(path.to_str().expect("UTF-8"))).await.expect("answers");
        assert_eq!(answer, Frame::Ready);
    }
}

#[tokio::test]
async fn what_is_not_allowed_is_refused_whoever_asks() {
    let node = Node::start().await;
    let at = |name: &str| node.root.join(name).to_str().expect("UTF-8").to_owned();
    let given = at("given");
    let paths = [
        at("given-not"),
        at(""),
        "/".to_owned(),
        "/etc".to_owned(),
        String::new(),
        "given".to_owned(),
        format!("{given}/../given-not"),
        format!("{given}/./below"),
        format!("{given}//below"),
        format!("{given}/"),
        format!("{given}/out"),
        format!("{given}/out/."),
        format!("{given}\0"),
        format!("/proc/self/root{given}"),
        "/x".repeat(3000),
    ];
    for path in paths {
        match node.asked(node.begin(&path)).await.expect("answers") {
            Frame::Refused(refusal) => assert_eq!(refusal.reason, Reason::NotAllowed, "{path}: {}", refusal.detail),
            other => panic!("{path} is given: {other:?}"),
        }
    }
    for path in [at("given/file"), at("given/absent"), at("given/file/below")] {
        match node.asked(node.begin(&path)).await.expect("answers") {
            Frame::Refused(refusal) => assert_eq!(refusal.reason, Reason::NoFolder, "{path}: {}", refusal.detail),
            other => panic!("{path} is given: {other:?}"),
        }
    }
    for (version, level) in [(VERSION + 1, 3), (0, 3), (VERSION, 0), (VERSION, 10), (VERSION, u32::MAX)] {
        let begin = Frame::Begin(Begin { version, path: given.clone(), level });
        assert!(matches!(node.asked(begin).await.expect("answers"), Frame::Refused(_)), "{version} {level}");
    }
    node.is_well().await;
}

#[tokio::test]
async fn a_server_that_breaks_the_rules_is_left_and_others_are_served() {
    let node = Node::start().await;
    for first in [Frame::Committed, Frame::Ready, Frame::Wanted(vec![true]), Frame::Kept(true)] {
        assert!(node.asked(first.clone()).await.is_err(), "{first:?} is answered");
    }
    for bytes in [&[0xff; 64][..], &[0; 64], b"GET / HTTP/1.1\r\n\r\n"] {
        let mut stream = node.call().await;
        stream.write_all(bytes).await.expect("writes");
        stream.flush().await.expect("writes");
        assert!(wire::read(&mut stream).await.is_err(), "{bytes:?} is answered");
    }
    let path = node.root.join("given").to_str().expect("UTF-8").to_owned();
    // Out of turn, of another length than was asked about, an agent's words.
    let lies = [
        Frame::Wanted(vec![true; 300]),
        Frame::Wanted(Vec::new()),
        Frame::Kept(true),
        Frame::Committed,
        Frame::Begin(Begin { version: VERSION, path: path.clone(), level: 3 }),
        Frame::Fragment(vault::chunk::Chunk::of(b"x").expect("a chunk"), Bytes::from_static(b"x")),
    ];
    for lie in lies {
        let mut stream = node.call().await;
        wire::write(&mut stream, &node.begin(&path)).await.expect("writes");
        stream.flush().await.expect("writes");
        assert_eq!(wire::read(&mut stream).await.expect("answers"), Frame::Ready);
        loop {
            match wire::read(&mut stream).await {
                Ok(Frame::Alive(_)) => {}
                Ok(Frame::Chunks(_)) => {
                    wire::write(&mut stream, &lie).await.expect("writes");
                    stream.flush().await.expect("writes");
                }
                Ok(Frame::Refused(_)) | Err(_) => break,
                other => panic!("{lie:?} is believed: {other:?}"),
            }
        }
    }
    // What only connects is no hindrance.
    let silent = [node.call().await, node.call().await];
    node.is_well().await;
    drop(silent);
}
