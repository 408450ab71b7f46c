//! What a body is made of: stretches of files, and between them bytes that are made here.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use kernel::blobs::{BlobError, Blobs};

use crate::model::{Segment, chain};

/// A stream of bytes.
pub(crate) type Pieces = BoxStream<'static, Result<Bytes, BlobError>>;

/// Where a piece's bytes are.
#[derive(Debug, Clone)]
pub(crate) enum Held {
    /// Here.
    Memory(Bytes),
    /// In a chain of blobs.
    Chain {
        /// The chain.
        segments: Arc<[Segment]>,
        /// Which of its bytes.
        range: Range<u64>,
    },
}

/// Which bytes of which file a piece stands for: what the audit trail is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The file's number among those that are offered.
    pub(crate) file: usize,
    /// Where in the file the piece begins.
    pub(crate) start: u64,
}

#[derive(Debug, Clone)]
struct Piece {
    span: Range<u64>,
    held: Held,
    origin: Option<Origin>,
}

/// All bytes of something that can be sent, in order, none of them read yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    pieces: Vec<Piece>,
    length: u64,
}

impl Source {
    /// Adds a piece at the end.
    pub(crate) fn push(&mut self, held: Held, origin: Option<Origin>) {
        let length = match &held {
            Held::Memory(bytes) => bytes.len() as u64,
            Held::Chain { range, .. } => range.end - range.start,
        };
        let span = self.length..self.length + length;
        self.length = span.end;
        self.pieces.push(Piece { span, held, origin });
    }

    /// A file as it is.
    #[must_use]
    pub(crate) fn file(segments: Vec<Segment>, size: u64) -> Self {
        let mut source = Self::default();
        source.push(Held::Chain { segments: segments.into(), range: 0..size }, Some(Origin { file: 0, start: 0 }));
        source
    }

    /// Which stretches of it stand for which bytes of which file.
    pub(crate) fn origins(&self) -> Vec<(Range<u64>, Origin)> {
        self.pieces.iter().filter_map(|piece| Some((piece.span.clone(), piece.origin?))).collect()
    }

    /// The bytes of `range`. The first blob is opened at once, so that a missing one is an answer and not a broken body.
    ///
    /// # Errors
    /// The blob store's.
    pub(crate) async fn open(&self, blobs: Arc<dyn Blobs>, range: &Range<u64>) -> Result<Pieces, BlobError> {
        let mut all: Vec<Pieces> = Vec::new();
        let mut opened = false;
        for piece in &self.pieces {
            let (start, end) = (range.start.max(piece.span.start), range.end.min(piece.span.end));
            if start >= end {
                continue;
            }
            let part = start - piece.span.start..end - piece.span.start;
            match &piece.held {
                Held::Memory(bytes) => all.push(here(bytes.slice(index(part.start)..index(part.end)))),
                Held::Chain { segments, range } => {
                    let part = range.start + part.start..range.start + part.end;
                    if opened {
                        all.push(later(Arc::clone(&blobs), Arc::clone(segments), part));
                    } else {
                        all.push(open_chain(Arc::clone(&blobs), segments, &part).await?);
                        opened = true;
                    }
                }
            }
        }
        Ok(stream::iter(all).flatten().boxed())
    }
}

fn index(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

fn here(bytes: Bytes) -> Pieces {
    stream::iter([Ok(bytes)]).boxed()
}

fn later(blobs: Arc<dyn Blobs>, segments: Arc<[Segment]>, part: Range<u64>) -> Pieces {
    stream::once(async move { open_chain(blobs, &segments, &part).await }).try_flatten().boxed()
}

/// The bytes of `range` of a chain, its first blob opened at once.
async fn open_chain(blobs: Arc<dyn Blobs>, segments: &[Segment], range: &Range<u64>) -> Result<Pieces, BlobError> {
    let mut parts = chain::slice(segments, range)?.into_iter();
    let Some((key, part)) = parts.next() else { return Ok(stream::empty().boxed()) };
    let first = blobs.read(&key, part).await?;
    let rest = stream::iter(parts.map(Ok)).and_then(move |(key, part)| {
        let blobs = Arc::clone(&blobs);
        async move { blobs.read(&key, part).await }
    });
    Ok(first.chain(rest.try_flatten()).boxed())
}

/// All bytes of `range` of a chain, in memory: for few of them.
///
/// # Errors
/// The blob store's; [`BlobError::Io`] if the chain is shorter.
pub(crate) async fn read_chain(
    blobs: &Arc<dyn Blobs>,
    segments: &[Segment],
    range: Range<u64>,
) -> Result<Vec<u8>, BlobError> {
    let mut pieces = open_chain(Arc::clone(blobs), segments, &range).await?;
    let mut bytes = Vec::with_capacity(index(range.end - range.start));
    while let Some(piece) = pieces.next().await {
        bytes.extend_from_slice(&piece?);
    }
    if bytes.len() as u64 == range.end - range.start {
        return Ok(bytes);
    }
    Err(BlobError::Io(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "a chain is shorter than its file")))
}

/// A `multipart/byteranges` body (RFC 9110 §14.6) in the making.
pub(crate) struct Multipart {
    /// What stands between the parts.
    pub(crate) boundary: String,
    /// The parts' type.
    pub(crate) media_type: String,
    /// The whole representation's length.
    pub(crate) size: u64,
}

impl Multipart {
    fn head(&self, part: &Range<u64>) -> String {
        format!(
            "\r\n--{}\r\nContent-Type: {}\r\nContent-Range: bytes {}-{}/{}\r\n\r\n",
            self.boundary,
            self.media_type,
            part.start,
            part.end - 1,
            self.size
        )
    }

    fn tail(&self) -> String {
        format!("\r\n--{}--\r\n", self.boundary)
    }

    /// How many bytes stand before each part.
    #[must_use]
    pub(crate) fn heads(&self, parts: &[Range<u64>]) -> Vec<u64> {
        parts.iter().map(|part| self.head(part).len() as u64).collect()
    }

    /// The length of the whole body.
    #[must_use]
    pub(crate) fn length(&self, parts: &[Range<u64>]) -> u64 {
        let of_parts = parts.iter().map(|part| self.head(part).len() as u64 + (part.end - part.start)).sum::<u64>();
        of_parts + self.tail().len() as u64
    }

    /// The whole body.
    ///
    /// # Errors
    /// The blob store's, if the first part cannot be opened.
    pub(crate) async fn body(
        self,
        blobs: Arc<dyn Blobs>,
        source: Source,
        parts: Vec<Range<u64>>,
    ) -> Result<Pieces, BlobError> {
        let source = Arc::new(source);
        let mut all: Vec<Pieces> = Vec::with_capacity(parts.len() * 2 + 1);
        for (number, part) in parts.into_iter().enumerate() {
            all.push(here(self.head(&part).into()));
            if number == 0 {
                all.push(source.open(Arc::clone(&blobs), &part).await?);
            } else {
                let (blobs, source) = (Arc::clone(&blobs), Arc::clone(&source));
                all.push(stream::once(async move { source.open(blobs, &part).await }).try_flatten().boxed());
            }
        }
        all.push(here(self.tail().into()));
        Ok(stream::iter(all).flatten().boxed())
    }
}

#[cfg(test)]
mod tests {
    use kernel::blobs::BlobKey;
    use proptest::prelude::*;
    use store::LocalBlobs;

    use super::*;
    use crate::model::zip::{self, Member, Stretch};

    /// An archive of files in segments, and what it is byte for byte.
    async fn archive(blobs: &Arc<dyn Blobs>, files: &[Vec<Vec<u8>>]) -> (Source, Vec<u8>) {
        let contents: Vec<Vec<u8>> = files.iter().map(|segments| segments.concat()).collect();
        let member = |(number, content): (usize, &Vec<u8>)| Member {
            name: format!("{number}.bin"),
            size: content.len() as u64,
            crc32: crc32fast::hash(content),
            modified: kernel::clock::Timestamp::from_micros(1_700_000_000_000_000),
        };
        let members: Vec<Member> = contents.iter().enumerate().map(member).collect();
        let (mut source, mut whole) = (Source::default(), Vec::new());
        for stretch in zip::layout(&members) {
            match stretch {
                Stretch::Bytes(bytes) => {
                    whole.extend_from_slice(&bytes);
                    source.push(Held::Memory(bytes.into()), None);
                }
                Stretch::Member { index, size } => {
                    let mut segments = Vec::new();
                    for (position, bytes) in (1_u64..).zip(&files[index]) {
                        let blob = format!("uploads/{index}/{position}.part");
                        let mut writer = blobs.create(&BlobKey::new(&blob).expect("a key")).await.expect("creates");
                        writer.append(vec![bytes.clone().into()]).await.expect("appends");
                        writer.sync().await.expect("syncs");
                        segments.push(Segment { position, blob, length: bytes.len() as u64 });
                    }
                    whole.extend_from_slice(&contents[index]);
                    let origin = Origin { file: index, start: 0 };
                    source.push(Held::Chain { segments: segments.into(), range: 0..size }, Some(origin));
                }
            }
        }
        (source, whole)
    }

    async fn read(source: &Source, blobs: &Arc<dyn Blobs>, range: &Range<u64>) -> Vec<u8> {
        let pieces = source.open(Arc::clone(blobs), range).await.expect("opens");
        pieces.try_collect::<Vec<Bytes>>().await.expect("reads").concat()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn any_range_is_a_slice_of_the_whole(
            files in proptest::collection::vec(
                proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..4), 0..5),
            points in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 8),
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(async {
                let blobs: Arc<dyn Blobs> = Arc::new(LocalBlobs::open(folder.path()).expect("opens"));
                let (source, whole) = archive(&blobs, &files).await;
                for (a, b) in points {
                    let (a, b) = (a.index(whole.len() + 1), b.index(whole.len() + 1));
                    let (from, to) = (a.min(b), a.max(b));
                    let got = read(&source, &blobs, &(from as u64..to as u64)).await;
                    prop_assert_eq!(got.as_slice(), &whole[from..to]);
                }
                Ok(())
            })?;
        }
    }
}
