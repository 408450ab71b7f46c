//! `backups_archives`: every backup ever made. What is kept of them, the node's repository says.

use kernel::clock::Timestamp;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::StoreError;
use store::query::{Row, all, execute, keys, one};

use super::{Filter, address, cut, number};
use crate::model::nights::Candidate;
use crate::model::{Address, Archive, Proof, Target, target_key};

const SELECT: &str = "SELECT id, node, host, port, path, number, at, size, span, entries, warnings, kept, proof, proof_at, proof_detail \
     FROM backups_archives";

fn archive(row: sea_orm::QueryResult, what: &'static str) -> Result<Archive, StoreError> {
    let row = Row::new(row, what);
    Ok(Archive {
        id: row.id(0)?,
        node: row.id(1)?,
        address: address(&row, 2)?,
        path: row.text(4)?,
        number: row.count(5)?,
        at: row.time(6)?,
        size: row.count(7)?,
        span: row.count(8)?,
        entries: row.count(9)?,
        warnings: row.count(10)?,
        kept: row.number(11)? != 0,
        proof: match (row.optional_number(12)?, row.optional_number(13)?) {
            (Some(good), Some(at)) => {
                Some(Proof { good: good != 0, at: Timestamp::from_micros(at), detail: row.optional_text(14)? })
            }
            _ => None,
        },
    })
}

pub(crate) async fn insert(transaction: &DatabaseTransaction, new: &Archive) -> Result<(), StoreError> {
    let sql = "INSERT INTO backups_archives (id, node, host, port, path, target_key, number, at, size, span, entries, \
               warnings, kept) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)";
    let values = vec![
        new.id.to_string().into(),
        new.node.to_string().into(),
        new.address.host.as_str().into(),
        i64::from(new.address.port).into(),
        new.path.as_str().into(),
        target_key(&new.address, &new.path).into(),
        number(new.number),
        new.at.as_micros().into(),
        number(new.size),
        number(new.span),
        number(new.entries),
        number(new.warnings),
    ];
    execute(transaction, "archives: insert", sql, values).await.map(drop)
}

/// Notes that backups of a node can no longer be had.
pub(crate) async fn drop_numbers(
    transaction: &DatabaseTransaction,
    node: Id,
    numbers: &[u64],
) -> Result<(), StoreError> {
    for dropped in numbers {
        let sql = "UPDATE backups_archives SET kept = 0 WHERE node = ? AND number = ?";
        let values = vec![node.to_string().into(), number(*dropped)];
        execute(transaction, "archives: drop", sql, values).await?;
    }
    Ok(())
}

/// The numbers of a node's backups that are noted as kept.
pub(crate) async fn kept(connection: &impl ConnectionTrait, node: Id) -> Result<Vec<u64>, StoreError> {
    let what = "archives: kept";
    let sql = "SELECT number FROM backups_archives WHERE node = ? AND kept = 1";
    let rows = all(connection, what, sql, vec![node.to_string().into()]).await?;
    rows.into_iter().map(|row| Row::new(row, what).count(0)).collect()
}

/// Backups, newest first, before `before`, of a node (HOST or HOST:PORT) and of a path.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    (node, path): (Option<&str>, Option<&str>),
    before: Option<Id>,
    limit: u64,
) -> Result<Vec<Archive>, StoreError> {
    let what = "archives: list";
    let filter = Filter::default().and("id < ?", before.map(|id| id.to_string())).of_node(node).and("path = ?", path);
    let rows = filter.rows(connection, what, SELECT, ("id DESC", limit)).await?;
    rows.into_iter().map(|row| archive(row, what)).collect()
}

/// One backup.
pub(crate) async fn get(connection: &impl ConnectionTrait, id: Id) -> Result<Option<Archive>, StoreError> {
    let what = "archives: read";
    let row = one(connection, what, &format!("{SELECT} WHERE id = ?"), vec![id.to_string().into()]).await?;
    row.map(|row| archive(row, what)).transpose()
}

/// The newest backup of a path that is kept.
pub(crate) async fn newest(
    connection: &impl ConnectionTrait,
    address: &Address,
    path: &str,
) -> Result<Option<Archive>, StoreError> {
    let what = "archives: newest";
    let sql = format!("{SELECT} WHERE target_key = ? AND kept = 1 ORDER BY id DESC LIMIT 1");
    let row = one(connection, what, &sql, vec![target_key(address, path).into()]).await?;
    row.map(|row| archive(row, what)).transpose()
}

/// The newest backup that is kept of every path there ever was.
pub(crate) async fn newest_of_all(connection: &impl ConnectionTrait) -> Result<Vec<Archive>, StoreError> {
    let what = "archives: newest of all";
    let sql = format!("{SELECT} WHERE id IN (SELECT MAX(id) FROM backups_archives WHERE kept = 1 GROUP BY target_key)");
    let rows = all(connection, what, &sql, Vec::new()).await?;
    rows.into_iter().map(|row| archive(row, what)).collect()
}

/// Every backup that is kept of these targets, newest first.
pub(crate) async fn kept_of(connection: &impl ConnectionTrait, targets: &[Target]) -> Result<Vec<Archive>, StoreError> {
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let what = "archives: kept of targets";
    let (places, values) = keys(target_keys(targets));
    let sql = format!("{SELECT} WHERE kept = 1 AND target_key IN ({places}) ORDER BY id DESC");
    let rows = all(connection, what, &sql, values).await?;
    rows.into_iter().map(|row| archive(row, what)).collect()
}

/// When any backup of each of these targets was last proven, by their keys.
pub(crate) async fn last_proofs(
    connection: &impl ConnectionTrait,
    targets: &[Target],
) -> Result<Vec<(String, Timestamp)>, StoreError> {
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let what = "archives: last proofs";
    let (places, values) = keys(target_keys(targets));
    let sql = format!(
        "SELECT target_key, MAX(proof_at) FROM backups_archives WHERE proof = 1 AND target_key IN ({places}) \
         GROUP BY target_key"
    );
    let rows = all(connection, what, &sql, values).await?;
    let read = |row| {
        let row = Row::new(row, what);
        Ok((row.text(0)?, row.time(1)?))
    };
    rows.into_iter().map(read).collect()
}

fn target_keys(targets: &[Target]) -> Vec<sea_orm::Value> {
    targets.iter().map(|target| target_key(&target.node.address, &target.path).into()).collect()
}

/// Backups that are kept and whose last rehearsal failed.
pub(crate) async fn unproven(connection: &impl ConnectionTrait) -> Result<Vec<Archive>, StoreError> {
    let what = "archives: failed rehearsals";
    let sql = format!("{SELECT} WHERE kept = 1 AND proof = 0 ORDER BY id LIMIT 1000");
    let rows = all(connection, what, &sql, Vec::new()).await?;
    rows.into_iter().map(|row| archive(row, what)).collect()
}

/// The newest backup that is kept of every registered path.
pub(crate) async fn candidates(connection: &impl ConnectionTrait) -> Result<Vec<Candidate>, StoreError> {
    let what = "archives: candidates";
    let sql = "SELECT t.id, a.id, a.tried_at, a.proof, a.proof_at, (SELECT MAX(b.proof_at) FROM backups_archives b \
               WHERE b.target_key = t.target_key AND b.proof = 1) FROM backups_targets t JOIN backups_archives a \
               ON a.id = (SELECT MAX(c.id) FROM backups_archives c WHERE c.target_key = t.target_key AND c.kept = 1)";
    let rows = all(connection, what, sql, Vec::new()).await?;
    let read = |row| {
        let row = Row::new(row, what);
        let time = |place| Ok::<_, StoreError>(row.optional_number(place)?.map(Timestamp::from_micros));
        Ok(Candidate {
            target: row.id(0)?,
            backup: row.id(1)?,
            tried_at: time(2)?,
            proven_at: if row.optional_number(3)? == Some(1) { time(4)? } else { None },
            path_proven_at: time(5)?,
        })
    };
    rows.into_iter().map(read).collect()
}

/// Notes that a rehearsal was tried, and what it found, if anything.
pub(crate) async fn rehearsed(
    transaction: &DatabaseTransaction,
    id: Id,
    tried_at: Timestamp,
    proof: Option<&Proof>,
) -> Result<(), StoreError> {
    let sql = "UPDATE backups_archives SET tried_at = ? WHERE id = ?";
    execute(transaction, "archives: tried", sql, vec![tried_at.as_micros().into(), id.to_string().into()]).await?;
    if let Some(proof) = proof {
        let sql = "UPDATE backups_archives SET proof = ?, proof_at = ?, proof_detail = ? WHERE id = ?";
        let values = vec![
            i64::from(proof.good).into(),
            proof.at.as_micros().into(),
            proof.detail.as_deref().map(|detail| cut(detail, 1000)).into(),
            id.to_string().into(),
        ];
        execute(transaction, "archives: rehearsed", sql, values).await?;
    }
    Ok(())
}
