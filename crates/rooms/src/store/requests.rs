//! `rooms_requests`: requests with their proposals, answers and rooms.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kernel::error::Kind;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult, Value};
use store::StoreError;

use super::{Row, all, cut, epoch, execute, insert_all, keys};
use crate::model::{Allocation, EquipmentSet, Record, RoomName, State, Wish, key};

/// What [`record`] reads.
pub(super) const COLUMNS: &str = "id, request_key, program, semester, classrooms, labs, minimum_capacity, equipment, \
                                  hold_us, state, epoch, rooms, detail, asked_at, deadline, changed_at";

/// Keys of one statement: MariaDB makes a table of a list of a thousand.
const MOST_KEYS: usize = 512;

/// Those of these keys: the column that idempotency rests on, unique, and written in the transaction of the effect.
pub(crate) async fn by_keys(
    connection: &impl ConnectionTrait,
    wanted: impl IntoIterator<Item = String>,
) -> Result<Vec<Record>, StoreError> {
    found(connection, "request_key", wanted.into_iter().map(Value::from).collect()).await
}

pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    wanted: impl IntoIterator<Item = Id>,
) -> Result<Vec<Record>, StoreError> {
    found(connection, "id", wanted.into_iter().map(|id| id.to_string().into()).collect()).await
}

async fn found(connection: &impl ConnectionTrait, column: &str, wanted: Vec<Value>) -> Result<Vec<Record>, StoreError> {
    let mut found = Vec::new();
    for some in wanted.chunks(MOST_KEYS) {
        let (places, values) = keys(some.to_vec());
        let sql = format!("SELECT {COLUMNS} FROM rooms_requests WHERE {column} IN ({places})");
        found.extend(records(all(connection, "requests: find", &sql, values).await?)?);
    }
    Ok(found)
}

/// Everything in these semesters that waits or has rooms.
pub(crate) async fn live(
    connection: &impl ConnectionTrait,
    semesters: impl IntoIterator<Item = &str>,
) -> Result<Vec<Record>, StoreError> {
    let (places, values) = keys(semesters.into_iter().map(Value::from).collect());
    let sql = format!(
        "SELECT {COLUMNS} FROM rooms_requests WHERE state IN ('waiting', 'proposed', 'accepted') AND semester IN ({places})"
    );
    records(all(connection, "requests: open semesters", &sql, values).await?)
}

/// Every proposal that was not settled.
pub(crate) async fn proposed(connection: &impl ConnectionTrait) -> Result<Vec<Record>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM rooms_requests WHERE state = 'proposed'");
    records(all(connection, "requests: read proposals", &sql, Vec::new()).await?)
}

pub(crate) async fn insert(transaction: &DatabaseTransaction, new: &[Record]) -> Result<(), StoreError> {
    let rows = new.iter().map(|record| {
        vec![
            record.id.to_string().into(),
            key(&record.faculty, &record.request_id).into(),
            (&*record.program).into(),
            (&*record.semester).into(),
            i64::from(record.wish.classrooms).into(),
            i64::from(record.wish.labs).into(),
            i64::from(record.wish.minimum_capacity).into(),
            i64::from(record.wish.equipment.bits()).into(),
            record.hold.map(|hold| i64::try_from(hold.as_micros()).unwrap_or(i64::MAX)).into(),
            record.state.name().into(),
            epoch(record.epoch),
            written(&record.allocation).into(),
            record.detail.as_deref().map(|detail| cut(detail, 300)).into(),
            record.asked_at.as_micros().into(),
            record.deadline.map(|deadline| deadline.as_micros()).into(),
            record.changed_at.as_micros().into(),
        ]
    });
    let start = format!("INSERT INTO rooms_requests ({COLUMNS})");
    insert_all(transaction, "requests: insert", &start, rows.collect()).await
}

/// Writes what changed. Those that came to the same share one statement; a request that had waited gets its rooms.
pub(crate) async fn update(transaction: &DatabaseTransaction, changed: &[Record]) -> Result<(), StoreError> {
    let what = "requests: update";
    let mut alike: BTreeMap<_, Vec<Value>> = BTreeMap::new();
    for record in changed {
        let (state, detail) = (record.state, record.detail.as_deref().map(|detail| cut(detail, 300)));
        if state == State::Proposed {
            let sql = "UPDATE rooms_requests SET state = ?, detail = ?, epoch = ?, changed_at = ?, rooms = ?, deadline = ? \
                       WHERE id = ?";
            let values = vec![
                state.name().into(),
                detail.into(),
                epoch(record.epoch),
                record.changed_at.as_micros().into(),
                written(&record.allocation).into(),
                record.deadline.map(|deadline| deadline.as_micros()).into(),
                record.id.to_string().into(),
            ];
            execute(transaction, what, sql, values).await?;
        } else {
            let group = (state, detail, record.epoch, record.changed_at);
            alike.entry(group).or_default().push(record.id.to_string().into());
        }
    }
    for ((state, detail, under, at), ids) in alike {
        for some in ids.chunks(MOST_KEYS) {
            let (places, ids) = keys(some.to_vec());
            let sql = format!(
                "UPDATE rooms_requests SET state = ?, detail = ?, epoch = ?, changed_at = ? WHERE id IN ({places})"
            );
            let mut values = vec![state.name().into(), detail.clone().into(), epoch(under), at.as_micros().into()];
            values.extend(ids);
            execute(transaction, what, &sql, values).await?;
        }
    }
    Ok(())
}

pub(super) fn records(rows: Vec<QueryResult>) -> Result<Vec<Record>, StoreError> {
    rows.into_iter().map(record).collect()
}

fn record(row: QueryResult) -> Result<Record, StoreError> {
    let what = "requests: read";
    let row = Row::new(row, what);
    let key = row.text(1)?;
    let (faculty, request_id) =
        key.split_once('/').ok_or_else(|| StoreError::bare(Kind::Internal, "requests: a key without a faculty"))?;
    let hold = row.optional_number(8)?.map(|hold| Duration::from_micros(u64::try_from(hold).unwrap_or(0)));
    Ok(Record {
        id: row.id(0)?,
        faculty: faculty.into(),
        request_id: request_id.into(),
        program: row.text(2)?.into(),
        semester: row.text(3)?.into(),
        wish: Wish {
            classrooms: row.count(4)?,
            labs: row.count(5)?,
            minimum_capacity: row.count(6)?,
            equipment: EquipmentSet::from_bits(row.number(7)?),
        },
        hold,
        state: row.named(9, &State::ALL, State::name)?,
        epoch: row.count(10)?,
        allocation: read(&row.text(11)?),
        detail: row.optional_text(12)?.map(Arc::from),
        asked_at: row.time(13)?,
        deadline: row.optional_number(14)?.map(kernel::clock::Timestamp::from_micros),
        changed_at: row.time(15)?,
    })
}

fn written(allocation: &Allocation) -> String {
    let list = |names: &[RoomName]| names.join(" ");
    format!("{}/{}/{}", list(&allocation.classrooms), list(&allocation.labs), list(&allocation.mobile_labs))
}

fn read(text: &str) -> Allocation {
    let mut lists = text.split('/').map(|list| list.split_ascii_whitespace().map(RoomName::from).collect());
    let mut next = || lists.next().unwrap_or_default();
    Allocation { classrooms: next(), labs: next(), mobile_labs: next() }
}
