//! Agents that lie: what they send counts for nothing, and what others sent stays.

use std::sync::Arc;

use kernel::clock::SystemClock;
use kernel::config;
use kernel::data_dir::DataDir;
use kernel::id::IdSource;
use kernel::secret::Secret;
use store::{LocalBlobs, Sql};
use tokio::io::DuplexStream;
use tokio::sync::{Notify, watch};
use vault::fragment::Encoder;
use vault::layout::{Job, Planner};
use vault::manifest::{Builder, Leaf, Piece, Root};
use vault::repository::NoteKind;
use vault::tar::{Kind, Meta, Mtime};

use super::*;
use crate::authority::Authority;
use crate::server::Means;
use crate::server::leading::Leading;
use crate::wire::{Progress, Reason};

mod failing;

struct Place {
    _folder: tempfile::TempDir,
    term: Arc<Term>,
    blobs: Arc<LocalBlobs>,
    quota: Option<u64>,
}

/// A server that leads, without anybody to call.
async fn place() -> Place {
    let folder = tempfile::tempdir().expect("a folder");
    let data = DataDir::new(folder.path());
    data.create().expect("creates");
    let config = config::Sql { url: Secret::new("sqlite".to_owned()), connections: 2 };
    let sql = Sql::open("backups", &config, &data).await.expect("opens");
    store::migrate(&sql, crate::migrations()).await.expect("migrates");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids = IdSource::seeded(Arc::clone(&clock), 1);
    let authority = Authority::ensure(&data.keys(), clock.now()).expect("an authority");
    let leading = Leading {
        live: store::open_live(&config::Live::default(), &data, Arc::clone(&clock)).await.expect("live"),
        calls: authority.caller(clock.now()).expect("TLS"),
        means: Means { sql, clock, ids, settings: config::Backups::default() },
        folder: data.backups(),
        replica: "backup-server-1".to_owned(),
        http: None,
        standing: watch::channel(None).0,
        nudge: Arc::new(Notify::new()),
    };
    let (_, term) = leading.attempt().await.expect("asks").expect("leads");
    let blobs = Arc::new(LocalBlobs::open(data.backups()).expect("opens"));
    Place { _folder: folder, term, blobs, quota: None }
}

impl Place {
    async fn repository(&self, node: &str) -> Repository {
        Repository::open(self.blobs.clone(), node, 0).await.expect("opens")
    }

    /// What comes of an agent that does as `agent` does.
    async fn with<F: Future<Output = ()>>(
        &self,
        repository: &Repository,
        agent: impl FnOnce(DuplexStream) -> F,
    ) -> Result<Received, ReceiveError> {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let session = repository.session(0).await.expect("begins");
        let counts = Counts::default();
        let receiving = Receiving {
            stream: ours,
            repository,
            session: &session,
            term: &self.term,
            clock: &SystemClock,
            counts: &counts,
            allowance: Allowance::new(self.quota, repository.stored()),
            checks: Checks::default(),
        };
        let (received, ()) = tokio::join!(receiving.run("/srv", 3), agent(theirs));
        received
    }
}

/// One small tree, cut.
struct Cut {
    chunk: Fragment,
    leaf: Fragment,
    root: Fragment,
}

fn cut(content: &[u8]) -> Cut {
    let mut planner = Planner::new();
    let meta = Meta {
        name: b"file".to_vec(),
        kind: Kind::File { size: content.len() as u64, extents: None },
        mode: 0o644,
        uid: 0,
        gid: 0,
        user: Vec::new(),
        group: Vec::new(),
        mtime: Mtime::default(),
        xattrs: Vec::new(),
    };
    assert!(planner.push(meta).expect("an entry").is_empty());
    let Job::Bundle(bundle) = planner.finish() else { panic!("a bundle is expected") };
    let raw = bundle
        .assemble(|_, raw| {
            raw.extend_from_slice(content);
            Ok::<_, std::convert::Infallible>(())
        })
        .expect("assembles");
    let mut encoder = Encoder::new(3);
    let chunk = encoder.encode(&raw).expect("a chunk");
    let mut builder = Builder::new();
    assert!(builder.push(Piece { chunk: *chunk.chunk(), entries: bundle.entries() }).expect("fits").is_none());
    let (leaf, root) = builder.finish().expect("ends");
    let leaf = encoder.encode(&leaf.expect("a leaf")).expect("a chunk");
    Cut { chunk, leaf, root: encoder.encode(&root.encode().expect("fits")).expect("a chunk") }
}

async fn say(stream: &mut DuplexStream, frame: Frame) {
    // A server that has had enough does not listen any more.
    drop(wire::write(stream, &frame).await);
}

async fn begin(stream: &mut DuplexStream) {
    assert!(matches!(wire::read(stream).await, Ok(Frame::Begin(_))));
    say(stream, Frame::Ready).await;
}

/// An honest agent's whole conversation.
async fn honest(mut stream: DuplexStream, tree: Cut) {
    begin(&mut stream).await;
    say(&mut stream, Frame::Alive(Progress { entries: 1, bytes: 7 })).await;
    say(&mut stream, Frame::Chunks(vec![*tree.chunk.chunk()])).await;
    let Ok(Frame::Wanted(wanted)) = wire::read(&mut stream).await else { panic!("an answer is expected") };
    if wanted == [true] {
        say(&mut stream, Frame::Fragment(*tree.chunk.chunk(), tree.chunk.bytes().clone())).await;
    }
    say(&mut stream, Frame::Root(*tree.root.chunk())).await;
    match wire::read(&mut stream).await {
        Ok(Frame::Known(Known::Last)) => return,
        Ok(Frame::Known(Known::Not)) => {
            say(&mut stream, Frame::Leaves(vec![*tree.leaf.chunk()])).await;
            assert!(matches!(wire::read(&mut stream).await, Ok(Frame::Wanted(_))));
            say(&mut stream, Frame::Leaf(*tree.leaf.chunk(), tree.leaf.bytes().clone())).await;
            assert!(matches!(wire::read(&mut stream).await, Ok(Frame::Kept(true))));
        }
        other => panic!("unexpected: {other:?}"),
    }
    say(&mut stream, Frame::Commit(*tree.root.chunk(), tree.root.bytes().clone())).await;
    assert!(matches!(wire::read(&mut stream).await, Ok(Frame::Committed)));
}

#[tokio::test]
async fn an_honest_agent_commits_once_and_then_nothing_has_changed() {
    let place = place().await;
    let repository = place.repository("nodes/a").await;
    let first = place.with(&repository, |stream| honest(stream, cut(b"content"))).await.expect("commits");
    assert_eq!(first.record.expect("a record").entries, 1);
    let second = place.with(&repository, |stream| honest(stream, cut(b"content"))).await.expect("ends");
    assert!(second.record.is_none());
    assert_eq!(repository.backups().len(), 1);
}

/// The leaf of a tree whose one entry is called something else.
fn leaf_with(tree: &Cut, name: &str) -> (Chunk, Bytes) {
    let raw = Decoder::default().decode(tree.leaf.chunk(), tree.leaf.bytes()).expect("a leaf");
    let mut leaf = Leaf::decode(&raw).expect("a leaf");
    leaf.pieces[0].entries[0].name = name.as_bytes().to_vec();
    let leaf = Encoder::new(3).encode(&leaf.encode()).expect("a chunk");
    (*leaf.chunk(), leaf.bytes().clone())
}

#[tokio::test]
async fn what_a_lying_agent_sends_counts_for_nothing() {
    let place = place().await;
    let repository = place.repository("nodes/a").await;
    place.with(&repository, |stream| honest(stream, cut(b"good"))).await.expect("commits");
    let (one, other) = (cut(b"one"), cut(b"other"));
    let (chunk, bytes) = (*one.chunk.chunk(), one.chunk.bytes().clone());
    let mut longer = chunk;
    longer.length += 1;
    let mut bomb = chunk;
    bomb.length -= 1;
    let mut final_block = bytes.to_vec();
    final_block.truncate(bytes.len() - 5);
    final_block.extend([1, 0, 0, 0xff, 0xff]);
    let evil = Root { leaves: Vec::new(), crc: 7 }.encode().expect("fits");
    let evil = Encoder::new(3).encode(&evil).expect("a chunk");
    let paths = ["../evil", "/evil", "a/../../evil", "", "a//b", "a/./b", "a\0b"].map(|name| leaf_with(&one, name));
    let broken_leaf = Encoder::new(3).encode(b"BDLleaf1\x05").expect("a chunk");
    let notes = vec![Note { kind: NoteKind::Unstable, name: vec![b'a'; 1] }; MOST_NOTES / 2];
    let mut cases: Vec<(&str, Vec<Frame>)> = vec![
        ("another chunk's bytes", vec![Frame::Fragment(chunk, other.chunk.bytes().clone())]),
        ("bytes that are no deflate", vec![Frame::Fragment(chunk, Bytes::from_static(b"\xff\xff\xff"))]),
        ("more than it says", vec![Frame::Fragment(bomb, bytes.clone())]),
        ("less than it says", vec![Frame::Fragment(longer, bytes.clone())]),
        ("a final block", vec![Frame::Fragment(chunk, Bytes::from(final_block))]),
        ("bytes after its end", vec![Frame::Fragment(chunk, Bytes::from([&bytes[..], b"x"].concat()))]),
        ("a leaf that is none", vec![Frame::Leaf(*broken_leaf.chunk(), broken_leaf.bytes().clone())]),
        ("a root whose leaves are not here", vec![Frame::Commit(*other.root.chunk(), other.root.bytes().clone())]),
        ("a root that adds up to nothing", vec![Frame::Commit(*evil.chunk(), evil.bytes().clone())]),
        ("a root that is a leaf", vec![Frame::Commit(*one.leaf.chunk(), one.leaf.bytes().clone())]),
        ("more notes than may be", vec![Frame::Notes(notes); 3]),
        ("a server's words", vec![Frame::Committed]),
        ("a second beginning", vec![Frame::Ready]),
        ("its own failure", {
            let detail = "no".to_owned();
            vec![Frame::Refused(Refusal { reason: Reason::Failed, detail })]
        }),
        ("nothing", Vec::new()),
    ];
    cases.extend(paths.map(|(chunk, bytes)| {
        let sent = Frame::Fragment(*one.chunk.chunk(), one.chunk.bytes().clone());
        ("a path that leads elsewhere", vec![sent, Frame::Leaf(chunk, bytes)])
    }));
    for (what, frames) in cases {
        let lie = async |mut stream: DuplexStream| {
            begin(&mut stream).await;
            for frame in frames {
                say(&mut stream, frame).await;
            }
        };
        let received = place.with(&repository, lie).await;
        assert!(received.is_err(), "an agent that sends {what} is believed");
        assert_eq!(repository.backups().len(), 1, "{what}");
    }
    let missing = repository.missing(&[other.chunk.chunk().id]).await;
    assert_eq!(missing, [true], "no lie was kept");
    let good = place.with(&repository, |stream| honest(stream, cut(b"good"))).await.expect("ends");
    assert!(good.record.is_none(), "what was good is still good");
    let after = place.with(&repository, |stream| honest(stream, cut(b"new"))).await.expect("commits");
    assert!(after.record.is_some(), "and it goes on");
}

#[tokio::test]
async fn what_one_node_has_is_not_told_to_another() {
    let place = place().await;
    let one = place.repository("nodes/a").await;
    place.with(&one, |stream| honest(stream, cut(b"secret"))).await.expect("commits");
    let other = place.repository("nodes/b").await;
    let tree = cut(b"secret");
    let ask = async |mut stream: DuplexStream| {
        begin(&mut stream).await;
        say(&mut stream, Frame::Chunks(vec![*tree.chunk.chunk()])).await;
        assert_eq!(wire::read(&mut stream).await.expect("answers"), Frame::Wanted(vec![true]));
        say(&mut stream, Frame::Root(*tree.root.chunk())).await;
        assert_eq!(wire::read(&mut stream).await.expect("answers"), Frame::Known(Known::Not));
        say(&mut stream, Frame::Leaf(*tree.leaf.chunk(), tree.leaf.bytes().clone())).await;
        assert_eq!(wire::read(&mut stream).await.expect("answers"), Frame::Kept(false));
    };
    assert!(place.with(&other, ask).await.is_err());
    assert!(other.backups().is_empty());
}

#[tokio::test]
async fn nothing_is_committed_after_the_lead_was_lost() {
    let place = place().await;
    let repository = place.repository("nodes/a").await;
    let stolen = place.term.write(|transaction| {
        Box::pin(async move {
            store::lease::overtake(transaction, crate::store::leader::NAME, "another", Duration::from_secs(600), 1)
                .await
                .map(drop)
        })
    });
    stolen.await.expect("is taken");
    let too_late = async |mut stream: DuplexStream| {
        let tree = cut(b"late");
        begin(&mut stream).await;
        say(&mut stream, Frame::Fragment(*tree.chunk.chunk(), tree.chunk.bytes().clone())).await;
        say(&mut stream, Frame::Leaf(*tree.leaf.chunk(), tree.leaf.bytes().clone())).await;
        assert!(matches!(wire::read(&mut stream).await, Ok(Frame::Kept(true))));
        say(&mut stream, Frame::Commit(*tree.root.chunk(), tree.root.bytes().clone())).await;
        assert!(wire::read(&mut stream).await.is_err());
    };
    let received = place.with(&repository, too_late).await;
    assert!(matches!(received, Err(ReceiveError::Lost(_))), "it was committed");
    assert!(repository.backups().is_empty());
}

#[tokio::test]
async fn a_node_is_stopped_at_its_quota_and_what_needs_nothing_more_goes_on() {
    let mut place = place().await;
    let repository = place.repository("nodes/a").await;
    place.with(&repository, |stream| honest(stream, cut(b"good"))).await.expect("commits");
    place.quota = Some(repository.stored() + 1);
    let tree = cut(b"more");
    let more = async |mut stream: DuplexStream| {
        begin(&mut stream).await;
        say(&mut stream, Frame::Fragment(*tree.chunk.chunk(), tree.chunk.bytes().clone())).await;
        assert!(wire::read(&mut stream).await.is_err(), "it is told no more");
    };
    let received = place.with(&repository, more).await;
    assert!(matches!(received, Err(ReceiveError::Quota(quota)) if Some(quota) == place.quota), "it was taken");
    assert_eq!(repository.missing(&[tree.chunk.chunk().id]).await, [true]);
    let unchanged = place.with(&repository, |stream| honest(stream, cut(b"good"))).await.expect("ends");
    assert!(unchanged.record.is_none());
}
