//! `backups_leader`: where the leader takes HTTP.

use std::net::SocketAddr;

use sea_orm::{ConnectionTrait, DatabaseTransaction};
use store::StoreError;
use store::lease::Lease;
use store::query::{Row, execute, one};

/// The lease and the row that tells where its holder is.
pub(crate) const NAME: &str = "backups";

pub(crate) async fn http(connection: &impl ConnectionTrait) -> Result<Option<SocketAddr>, StoreError> {
    let what = "leader: read";
    let row = one(connection, what, "SELECT http FROM backups_leader WHERE name = ?", vec![NAME.into()]).await?;
    Ok(row.map(|row| Row::new(row, what).text(0)).transpose()?.and_then(|text| text.parse().ok()))
}

pub(crate) async fn write(
    transaction: &DatabaseTransaction,
    lease: &Lease,
    http: Option<SocketAddr>,
) -> Result<(), StoreError> {
    let http = http.map(|address| address.to_string()).unwrap_or_default();
    let values = vec![lease.epoch.into(), http.into(), NAME.into()];
    let update = "UPDATE backups_leader SET epoch = ?, http = ? WHERE name = ?";
    if execute(transaction, "leader: update", update, values.clone()).await? == 0 {
        let insert = "INSERT INTO backups_leader (epoch, http, name) VALUES (?, ?, ?)";
        execute(transaction, "leader: insert", insert, values).await?;
    }
    Ok(())
}
