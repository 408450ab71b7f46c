//! What every adapter of [`Blobs`] must do.

use bytes::Bytes;
use futures::TryStreamExt;

use super::{BlobError, BlobKey, Blobs};

/// Runs the whole contract against an empty store.
///
/// # Panics
/// At the first promise that is not kept.
#[expect(clippy::unwrap_used, reason = "a contract suite is a test")]
pub async fn run(blobs: &dyn Blobs) {
    let key = BlobKey::new("suite/one.part").unwrap();
    assert_eq!(blobs.size(&key).await.unwrap(), None, "a store begins empty");

    let mut writer = blobs.create(&key).await.unwrap();
    writer.append(vec![Bytes::from_static(b"hello "), Bytes::from_static(b"world")]).await.unwrap();
    assert_eq!(writer.sync().await.unwrap(), 11, "sync tells what is durable");
    assert!(matches!(blobs.create(&key).await, Err(BlobError::Exists(_))), "a key is made once");
    writer.append(vec![Bytes::from(vec![7_u8; 3 << 20])]).await.unwrap();
    assert_eq!(writer.sync().await.unwrap(), 11 + (3 << 20));
    drop(writer);

    assert_eq!(read(blobs, &key, 0..11).await.unwrap(), b"hello world");
    assert_eq!(read(blobs, &key, 6..9).await.unwrap(), b"wor");
    assert_eq!(read(blobs, &key, 4..4).await.unwrap(), b"");
    assert_eq!(read(blobs, &key, 11..11 + (3 << 20)).await.unwrap().len(), 3 << 20);
    assert!(read(blobs, &key, 0..20 << 20).await.is_err(), "a range beyond the end is an error, never less");
    assert_eq!(blobs.size(&key).await.unwrap(), Some(11 + (3 << 20)));

    let other = BlobKey::new("suite/two").unwrap();
    drop(blobs.create(&other).await.unwrap());
    let mut keys = blobs.list("suite/").await.unwrap();
    keys.sort();
    assert_eq!(keys, [key.clone(), other.clone()]);

    blobs.delete(&key).await.unwrap();
    blobs.delete(&key).await.unwrap();
    assert_eq!(blobs.size(&key).await.unwrap(), None);
    assert!(read(blobs, &key, 0..1).await.is_err());
}

async fn read(blobs: &dyn Blobs, key: &BlobKey, range: std::ops::Range<u64>) -> Result<Vec<u8>, BlobError> {
    let pieces: Vec<Bytes> = blobs.read(key, range).await?.try_collect().await?;
    assert!(pieces.iter().all(|piece| piece.len() <= 1 << 20), "pieces are at most 1 MiB");
    Ok(pieces.concat())
}
