//! Views of MP4 files for players, made when they are asked for and kept in memory for a while.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use kernel::blobs::{BlobError, Blobs};
use kernel::id::Id;
use tokio::sync::Semaphore;

use crate::download::{Held, Origin, Source, read_chain};
use crate::model::mp4::{AsItIs, Move, Walk};
use crate::model::{File, Segment};

/// Most views that are remembered, those of files that stay as they are included.
const MOST: usize = 256;
/// Most bytes of them.
const MOST_BYTES: usize = 64 << 20;
/// Views made at once: each holds a `moov`.
const AT_ONCE: usize = 2;

/// How a file is shown to players.
#[derive(Debug, Clone)]
enum View {
    AsItIs,
    FastStart { order: Move, moov: Bytes },
}

impl View {
    fn bytes(&self) -> usize {
        match self {
            Self::AsItIs => 0,
            Self::FastStart { moov, .. } => moov.len(),
        }
    }

    fn source(self, segments: Vec<Segment>, size: u64) -> Source {
        let Self::FastStart { order, moov } = self else { return Source::file(segments, size) };
        let segments: Arc<[Segment]> = segments.into();
        let mut source = Source::default();
        let of_file = |source: &mut Source, range: std::ops::Range<u64>| {
            let origin = Origin { file: 0, start: range.start };
            source.push(Held::Chain { segments: Arc::clone(&segments), range }, Some(origin));
        };
        of_file(&mut source, 0..order.data);
        source.push(Held::Memory(moov), Some(Origin { file: 0, start: order.moov.start }));
        of_file(&mut source, order.data..order.moov.start);
        of_file(&mut source, order.moov.end..size);
        source
    }
}

/// A file's bytes in one version.
type Key = (Id, u64);

/// The views that were asked for lately, the latest last.
pub(crate) struct Views {
    kept: Mutex<VecDeque<(Key, View)>>,
    making: Semaphore,
}

impl Views {
    /// None yet.
    #[must_use]
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { kept: Mutex::default(), making: Semaphore::new(AT_ONCE) })
    }

    /// The bytes of a file as players want them.
    ///
    /// # Errors
    /// The blob store's.
    pub(crate) async fn source(
        &self,
        blobs: &Arc<dyn Blobs>,
        segments: Vec<Segment>,
        file: &File,
    ) -> Result<Source, BlobError> {
        let key = (file.id, file.version);
        if let Some(view) = self.find(key) {
            return Ok(view.source(segments, file.size));
        }
        let permit = self.making.acquire().await;
        let view = match self.find(key) {
            Some(view) => view,
            None => {
                let view = make(blobs, &segments, file.size).await?;
                self.keep(key, view.clone());
                view
            }
        };
        drop(permit);
        Ok(view.source(segments, file.size))
    }

    fn find(&self, key: Key) -> Option<View> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(known, _)| *known == key)?;
        let found = kept.remove(at)?;
        let view = found.1.clone();
        kept.push_back(found);
        Some(view)
    }

    fn keep(&self, key: Key, view: View) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((key, view));
        while kept.len() > MOST || kept.iter().map(|(_, view)| view.bytes()).sum::<usize>() > MOST_BYTES {
            kept.pop_front();
        }
    }
}

async fn make(blobs: &Arc<dyn Blobs>, segments: &[Segment], size: u64) -> Result<View, BlobError> {
    let mut walk = Walk::new(size);
    while let Some(wanted) = walk.wants() {
        if walk.take(&read_chain(blobs, segments, wanted).await?).is_err() {
            return Ok(View::AsItIs);
        }
    }
    let Ok(order) = walk.end() else { return Ok(View::AsItIs) };
    let mut moov = read_chain(blobs, segments, order.moov.clone()).await?;
    let rewriting = tokio::task::spawn_blocking(move || {
        order.rewrite(&mut moov)?;
        Ok::<_, AsItIs>(View::FastStart { order, moov: moov.into() })
    });
    let rewritten = rewriting.await.map_err(|error| BlobError::Io(std::io::Error::other(error)))?;
    Ok(rewritten.unwrap_or(View::AsItIs))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::clock::ManualClock;
    use kernel::id::IdSource;

    use super::*;

    #[test]
    fn the_oldest_goes_when_there_is_no_room() {
        let ids = IdSource::seeded(Arc::new(ManualClock::default()), 1);
        let views = Views::new();
        let large =
            || View::FastStart { order: Move { data: 0, moov: 0..0 }, moov: Bytes::from(vec![0; MOST_BYTES / 3]) };
        let keys: Vec<Key> = (0..4).map(|_| (ids.next(), 1)).collect();
        for key in &keys[..3] {
            views.keep(*key, large());
        }
        assert!(views.find(keys[0]).is_some(), "asked for again, so it is the latest");
        views.keep(keys[3], large());
        let there: Vec<bool> = keys.iter().map(|key| views.find(*key).is_some()).collect();
        assert_eq!(there, [true, false, true, true]);
        assert!(views.find((keys[0].0, 2)).is_none(), "another version is another view");
    }
}
