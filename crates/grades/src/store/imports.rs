//! Imports that may be sent again under their `Idempotency-Key`.
//!
//! The grades of a table are not one transaction, so that an import leaves two rows: at its beginning which table the key
//! is for, and at its end the answer. A repeat of one that was interrupted enters the table anew, which is safe.

use futures::FutureExt;
use kernel::clock::Timestamp;
use store::Sql;
use store::idempotency::{Answer, Seen, find, remember};

use crate::failure::Failure;
use crate::model::RepeatKey;

/// Takes the key for a table. The first answer, if the table was entered under it before.
pub(crate) async fn begin(sql: &Sql, key: &RepeatKey, now: Timestamp) -> Result<Option<String>, Failure> {
    let key = key.clone();
    sql.write(move |transaction| {
        let RepeatKey { scope, key, digest } = key.clone();
        async move {
            let begun = format!("{scope} begun");
            match find(transaction, &begun, &key, &digest).await? {
                Seen::OtherBody => return Err(Failure::KeyReused),
                Seen::New => {
                    remember(transaction, &begun, &key, &digest, Answer { status: 202, body: "" }, now).await?
                }
                Seen::Replay { .. } => {}
            }
            match find(transaction, &scope, &key, &digest).await? {
                Seen::Replay { body, .. } => Ok(Some(body)),
                Seen::OtherBody => Err(Failure::KeyReused),
                Seen::New => Ok(None),
            }
        }
        .boxed()
    })
    .await
}

/// Keeps the answer. If the same import ran twice at once and the other one ended first: its answer, which counts.
pub(crate) async fn end(sql: &Sql, key: &RepeatKey, answer: String, now: Timestamp) -> Result<Option<String>, Failure> {
    let key = key.clone();
    sql.write(move |transaction| {
        let (RepeatKey { scope, key, digest }, answer) = (key.clone(), answer.clone());
        async move {
            match find(transaction, &scope, &key, &digest).await? {
                Seen::Replay { body, .. } => Ok(Some(body)),
                Seen::OtherBody => Err(Failure::KeyReused),
                Seen::New => {
                    remember(transaction, &scope, &key, &digest, Answer { status: 200, body: &answer }, now).await?;
                    Ok(None)
                }
            }
        }
        .boxed()
    })
    .await
}
