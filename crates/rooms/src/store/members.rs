//! `rooms_members`, and `rooms_decisions`: who decided what about them.

use kernel::error::Kind;
use kernel::id::Id;
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult, Value};
use store::StoreError;

use super::{Row, all, cut, execute, one};
use crate::keys::PublicKey;
use crate::model::{Action, Admittance, Decision, Member};

const COLUMNS: &str = "name, faculty, title, public_key, state, version, changed_at, changed_by";

/// All there ever were, also the removed.
pub(crate) async fn every(connection: &impl ConnectionTrait) -> Result<Vec<Member>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM rooms_members ORDER BY name");
    members(all(connection, "members: read", &sql, Vec::new()).await?)
}

/// Those that are members, in the order of their names; of a faculty: itself and its programmes.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    faculty: Option<&str>,
    after: &str,
    limit: u64,
) -> Result<Vec<Member>, StoreError> {
    let mut values: Vec<Value> = vec![Admittance::Removed.name().into(), after.into()];
    let of = faculty.map_or("", |faculty| {
        values.extend([faculty.into(), faculty.into()]);
        "AND (faculty = ? OR (name = ? AND faculty IS NULL)) "
    });
    values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    let sql = format!("SELECT {COLUMNS} FROM rooms_members WHERE state <> ? AND name > ? {of}ORDER BY name LIMIT ?");
    members(all(connection, "members: list", &sql, values).await?)
}

/// One by its name, also if it was removed.
pub(crate) async fn find(connection: &impl ConnectionTrait, name: &str) -> Result<Option<Member>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM rooms_members WHERE name = ?");
    one(connection, "members: find", &sql, vec![name.into()]).await?.map(member).transpose()
}

/// The living programmes of a faculty.
pub(crate) async fn programmes(connection: &impl ConnectionTrait, faculty: &str) -> Result<Vec<Member>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM rooms_members WHERE faculty = ? AND state <> ? ORDER BY name");
    let values = vec![faculty.into(), Admittance::Removed.name().into()];
    members(all(connection, "members: programmes", &sql, values).await?)
}

/// The name of the member that has a key.
pub(crate) async fn holder(connection: &impl ConnectionTrait, key: PublicKey) -> Result<Option<String>, StoreError> {
    let what = "members: find by key";
    let sql = "SELECT name FROM rooms_members WHERE public_key = ? AND state <> ?";
    let found = one(connection, what, sql, vec![key.to_string().into(), Admittance::Removed.name().into()]).await?;
    found.map(|row| Row::new(row, what).text(0)).transpose()
}

pub(crate) async fn insert(transaction: &DatabaseTransaction, member: &Member) -> Result<(), StoreError> {
    let sql = format!("INSERT INTO rooms_members ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    let mut values = vec![member.name.as_str().into()];
    values.extend(decided(member));
    execute(transaction, "members: insert", &sql, values).await.map(drop)
}

/// Writes what was decided about a member whose version was one less.
pub(crate) async fn update(transaction: &DatabaseTransaction, member: &Member) -> Result<(), StoreError> {
    let sql = "UPDATE rooms_members SET faculty = ?, title = ?, public_key = ?, state = ?, version = ?, changed_at = ?, \
               changed_by = ? WHERE name = ? AND version = ?";
    let mut values = decided(member);
    values.extend([member.name.as_str().into(), (member.version - 1).into()]);
    match execute(transaction, "members: update", sql, values).await? {
        1 => Ok(()),
        // Another administrator was quicker by a moment.
        _ => Err(StoreError::bare(Kind::Unavailable, "members: changed meanwhile")),
    }
}

/// What both writes have, in their order.
fn decided(member: &Member) -> Vec<Value> {
    vec![
        member.faculty.clone().into(),
        member.title.as_str().into(),
        member.public_key.map(|key| key.to_string()).into(),
        member.state.name().into(),
        member.version.into(),
        member.changed_at.as_micros().into(),
        cut(&member.changed_by, 255).into(),
    ]
}

pub(crate) async fn note(transaction: &DatabaseTransaction, decision: &Decision) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO rooms_decisions (id, user_id, user_name, action, member, detail, at) VALUES (?, ?, ?, ?, ?, ?, ?)";
    let values = vec![
        decision.id.to_string().into(),
        decision.user.to_string().into(),
        cut(&decision.user_name, 255).into(),
        decision.action.name().into(),
        decision.member.as_str().into(),
        cut(&decision.detail, 300).into(),
        decision.at.as_micros().into(),
    ];
    execute(transaction, "decisions: insert", sql, values).await.map(drop)
}

/// Decisions, newest first.
pub(crate) async fn decisions(
    connection: &impl ConnectionTrait,
    before: Option<Id>,
    limit: u64,
) -> Result<Vec<Decision>, StoreError> {
    let what = "decisions: list";
    let mut values: Vec<Value> = before.map(|id| id.to_string().into()).into_iter().collect();
    let older = if before.is_some() { "WHERE id < ? " } else { "" };
    values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    let sql = format!(
        "SELECT id, user_id, user_name, action, member, detail, at FROM rooms_decisions {older}ORDER BY id DESC LIMIT ?"
    );
    let rows = all(connection, what, &sql, values).await?;
    rows.into_iter()
        .map(|row| {
            let row = Row::new(row, what);
            Ok(Decision {
                id: row.id(0)?,
                user: row.id(1)?,
                user_name: row.text(2)?,
                action: row.named(3, &Action::ALL, Action::name)?,
                member: row.text(4)?,
                detail: row.text(5)?,
                at: row.time(6)?,
            })
        })
        .collect()
}

fn members(rows: Vec<QueryResult>) -> Result<Vec<Member>, StoreError> {
    rows.into_iter().map(member).collect()
}

fn member(row: QueryResult) -> Result<Member, StoreError> {
    let what = "members: read";
    let row = Row::new(row, what);
    let key = row.optional_text(3)?.map(|text| text.parse::<PublicKey>()).transpose();
    Ok(Member {
        name: row.text(0)?,
        faculty: row.optional_text(1)?,
        title: row.text(2)?,
        public_key: key.map_err(|error| StoreError::new(Kind::Internal, what, error))?,
        state: row.named(4, &Admittance::ALL, Admittance::name)?,
        version: row.number(5)?,
        changed_at: row.time(6)?,
        changed_by: row.text(7)?,
    })
}
