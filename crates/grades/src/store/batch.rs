//! A batch of records in one transaction.
//!
//! What keeps several writers apart: a batch first locks its shard's row of `grades_writers`, so that the shard's tallies
//! are its own, and then, in the order of their numbers, the students it knows, so that their grades and sums are. A
//! student that two batches meet for the first time at once is a unique violation for the later one, which begins anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kernel::clock::Timestamp;
use kernel::error::Kind;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Value};
use store::StoreError;
use store::query::{Row, all, execute, insert_all, keys, one};

use super::class;
use crate::model::batch::{Changes, Grade, Known, Line, Student, Tally};
use crate::model::{Class, Route, Slot};

/// Who writes, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    /// Writers of different shards do not wait for each other's tallies.
    pub(crate) shard: u8,
    pub(crate) route: Route,
    pub(crate) at: Timestamp,
}

/// Takes the shard for the batch `id`. False: this very batch was committed before, and what its commit answered was lost.
pub(crate) async fn begin(transaction: &DatabaseTransaction, shard: u8, id: Id) -> Result<bool, StoreError> {
    let (shard, id) = (Value::from(i64::from(shard)), Value::from(id.to_string()));
    let update = "UPDATE grades_writers SET last_batch = ? WHERE shard = ? AND last_batch <> ?";
    if execute(transaction, "batch: begin", update, vec![id.clone(), shard.clone(), id.clone()]).await? == 1 {
        return Ok(true);
    }
    let look = "SELECT shard FROM grades_writers WHERE shard = ?";
    if one(transaction, "batch: look", look, vec![shard.clone()]).await?.is_some() {
        return Ok(false);
    }
    let insert = "INSERT INTO grades_writers (last_batch, shard) VALUES (?, ?)";
    execute(transaction, "batch: first", insert, vec![id, shard]).await?;
    Ok(true)
}

/// Locks the students of a batch and reads all there is of them.
pub(crate) async fn known(
    transaction: &DatabaseTransaction,
    students: impl IntoIterator<Item = i64>,
) -> Result<Known, StoreError> {
    let carnets: BTreeSet<i64> = students.into_iter().collect();
    let mut known = Known::default();
    if carnets.is_empty() {
        return Ok(known);
    }
    let what = "batch: students";
    let (places, values) = keys(carnets.into_iter().map(Value::from).collect());
    let sql = format!(
        "SELECT carnet, nombre, records, points FROM grades_students WHERE carnet IN ({places}) ORDER BY carnet{}",
        locking(transaction)
    );
    for row in all(transaction, what, &sql, values).await? {
        let row = Row::new(row, what);
        let student = Student { nombre: row.text(1)?, records: row.number(2)?, points: row.number(3)? };
        known.students.insert(row.number(0)?, student);
    }
    if known.students.is_empty() {
        return Ok(known);
    }
    let what = "batch: grades";
    let (places, values) = keys(known.students.keys().copied().map(Value::from).collect());
    let sql = format!("SELECT id, nota, carnet, curso, semestre, year FROM grades_records WHERE carnet IN ({places})");
    for row in all(transaction, what, &sql, values).await? {
        let row = Row::new(row, what);
        let slot = Slot { carnet: row.number(2)?, class: class(&row, 3)? };
        known.grades.insert(slot, Grade { id: row.id(0)?, nota: row.number(1)? });
    }
    Ok(known)
}

/// Writes what was decided.
pub(crate) async fn write(
    transaction: &DatabaseTransaction,
    lines: &[Line],
    changes: &Changes,
    stamp: Stamp,
) -> Result<(), StoreError> {
    // The students first: whoever meets another writer there has written nothing else yet.
    students(transaction, "INSERT", &changes.new_students, stamp.at).await?;
    students(transaction, "REPLACE", &changes.changed_students, stamp.at).await?;
    created(transaction, lines, changes, stamp).await?;
    corrected(transaction, changes, stamp.at).await?;
    tallies(transaction, &changes.tallies, stamp).await
}

async fn students(
    transaction: &DatabaseTransaction,
    verb: &str,
    students: &BTreeMap<i64, Student>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let rows = students.iter().map(|(carnet, student)| {
        vec![
            (*carnet).into(),
            student.nombre.as_str().into(),
            student.records.into(),
            student.points.into(),
            student.standing().into(),
            at.as_micros().into(),
        ]
    });
    let start = format!("{verb} INTO grades_students (carnet, nombre, records, points, standing, ranked_at)");
    insert_all(transaction, "batch: write students", &start, rows.collect()).await
}

async fn created(
    transaction: &DatabaseTransaction,
    lines: &[Line],
    changes: &Changes,
    stamp: Stamp,
) -> Result<(), StoreError> {
    let at = Value::from(stamp.at.as_micros());
    let rows = changes.created.iter().map(|(place, nota)| {
        let Line { id, record, by, .. } = &lines[*place];
        vec![
            id.to_string().into(),
            record.carnet.into(),
            record.curso.as_str().into(),
            record.semestre.name().into(),
            record.year.into(),
            (*nota).into(),
            stamp.route.name().into(),
            (&**by).into(),
            at.clone(),
            at.clone(),
        ]
    });
    let start = "INSERT INTO grades_records (id, carnet, curso, semestre, year, nota, route, entered_by, entered_at, \
                 changed_at)";
    insert_all(transaction, "batch: write grades", start, rows.collect()).await
}

/// Grades that came to the same value share a statement.
async fn corrected(transaction: &DatabaseTransaction, changes: &Changes, at: Timestamp) -> Result<(), StoreError> {
    let mut alike: BTreeMap<i64, Vec<Value>> = BTreeMap::new();
    for (id, nota) in &changes.corrected {
        alike.entry(*nota).or_default().push(id.to_string().into());
    }
    for (nota, ids) in alike {
        let (places, ids) = keys(ids);
        let sql = format!("UPDATE grades_records SET nota = ?, changed_at = ? WHERE id IN ({places})");
        let mut values = vec![nota.into(), at.as_micros().into()];
        values.extend(ids);
        execute(transaction, "batch: correct grades", &sql, values).await?;
    }
    let rows = changes.history.iter().map(|replaced| {
        vec![
            replaced.id.to_string().into(),
            replaced.grade.to_string().into(),
            replaced.nota.into(),
            (&*replaced.by).into(),
            at.as_micros().into(),
        ]
    });
    let start = "INSERT INTO grades_history (id, grade, nota, changed_by, changed_at)";
    insert_all(transaction, "batch: write history", start, rows.collect()).await
}

async fn tallies(
    transaction: &DatabaseTransaction,
    changed: &BTreeMap<Class, Tally>,
    stamp: Stamp,
) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let Stamp { shard, route, .. } = stamp;
    let named: BTreeMap<String, (&Class, &Tally)> = changed
        .iter()
        .map(|(class, tally)| {
            let Class { curso, semestre, year } = class;
            (format!("{shard}/{route}/{curso}/{semestre}/{year}"), (class, tally))
        })
        .collect();
    let what = "batch: read tallies";
    let (places, values) = keys(named.keys().map(|name| name.as_str().into()).collect());
    let sql = format!("SELECT name, tally FROM grades_tallies WHERE name IN ({places})");
    let mut totals: HashMap<String, Tally> = HashMap::new();
    for row in all(transaction, what, &sql, values).await? {
        let row = Row::new(row, what);
        totals.insert(row.text(0)?, row.json(1)?);
    }
    let mut rows = Vec::with_capacity(named.len());
    for (name, (class, changed)) in named {
        let mut tally = totals.remove(&name).unwrap_or_default();
        for (nota, by) in changed {
            *tally.entry(*nota).or_default() += by;
        }
        let written = |error| StoreError::new(Kind::Internal, "batch: write a tally", error);
        rows.push(vec![
            name.into(),
            route.name().into(),
            class.curso.as_str().into(),
            class.semestre.name().into(),
            class.year.into(),
            tally.values().sum::<i64>().into(),
            serde_json::to_string(&tally).map_err(written)?.into(),
        ]);
    }
    let start = "REPLACE INTO grades_tallies (name, route, curso, semestre, year, total, tally)";
    insert_all(transaction, "batch: write tallies", start, rows).await
}

/// Readers that lock; SQLite has one writer at a time anyway.
fn locking(transaction: &DatabaseTransaction) -> &'static str {
    match transaction.get_database_backend() {
        DbBackend::Sqlite => "",
        _ => " FOR UPDATE",
    }
}
