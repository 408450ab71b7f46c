use std::sync::Arc;

use anyhow::Context;
use api::Service;
use kernel::config::{self, Security};
use kernel::role::Role;
use rooms::Deps;
use rooms::keys::Roll;
use rooms::server::{Settings, Sockets};
use rooms::wire::Refusals;
use store::Sql;
use tokio::net::TcpListener;

use super::Replica;
use super::rooms_links::{campus, door, offset, reached};

/// Allocation of classrooms and laboratories.
pub(super) async fn spawn(mut replica: Replica) -> anyhow::Result<()> {
    let settings = replica.config.rooms.clone();
    let sql = Sql::open("rooms", &replica.config.sql, &replica.data).await?;
    let records = records(&replica, &sql).await?;
    let live = replica.live().await?;
    let verifier = replica.following_verifier(&live)?;
    let place = ordinal(&replica.name)?;
    let (refusals, refused) = Refusals::recorded(Arc::clone(&replica.clock));
    let here = reached(settings.listen.ip(), replica.config.sql.url.expose())?;
    let keys = (settings.security == Security::Curve).then(|| campus(&settings, &replica.data));
    let sockets = Settings {
        reached: here,
        server: replica.name.clone(),
        listen: offset(settings.listen, place - 1)?,
        heartbeat_listen: offset(settings.heartbeat_listen, place - 1)?,
        pattern: settings.pattern,
        workers: kernel::config::Rooms::WORKERS,
        heartbeat: std::time::Duration::from_millis(settings.heartbeat_ms),
        door: door(&replica, "server", "server")?,
        roll: keys.clone().map(Roll::new),
    };
    let sockets = Sockets::bind(sockets, &refusals).await.context("the sockets of rooms")?;
    let listener = replica.listener().await?;
    // What the orchestrator hands down listens on loopback: the other server, on another machine, has a door of its own.
    let door_of_the_other = if here.is_loopback() {
        None
    } else {
        Some(TcpListener::bind((here, 0)).await.context("the door of rooms for the other server")?)
    };
    let http = door_of_the_other.as_ref().unwrap_or(&listener).local_addr().ok();
    let built = rooms::build(Deps {
        sql,
        records,
        live,
        clock: Arc::clone(&replica.clock),
        ids: replica.ids.clone(),
        settings,
        replica: replica.name.clone(),
        role: if place == 1 { rooms::Role::Primary } else { rooms::Role::Backup },
        endpoint: sockets.endpoint().to_string(),
        presence: TcpListener::bind((here, 0)).await.context("the presence of rooms")?,
        http,
        client: reqwest::Client::builder().no_proxy().build()?,
        refused,
        keys,
        lifecycle: replica.lifecycle.clone(),
    })?;
    let standing = built.core.standing();
    let service = Service::new(Role::RoomsServer.name(), &replica.name, verifier)
        .lifecycle(replica.lifecycle.clone())
        .leads(move || standing.borrow().active)
        .routes(built.routes)
        .checks(built.checks);
    let end = replica.lifecycle.soft().clone();
    replica.lifecycle.spawn_essential("rooms.sockets", sockets.serve(built.core, end));
    let app = service.build();
    if let Some(door) = door_of_the_other {
        let serving = api::serve(door, app.clone(), replica.lifecycle.clone());
        replica.lifecycle.spawn_essential("http.other", serving);
    }
    replica.lifecycle.spawn_essential("http", api::serve(listener, app, replica.lifecycle.clone()));
    Ok(())
}

/// On MySQL the leader has one connection of its own, by which it can be fenced.
async fn records(replica: &Replica, sql: &Sql) -> anyhow::Result<Sql> {
    if replica.config.sql.url.expose() == "sqlite" {
        return Ok(sql.clone());
    }
    let one = config::Sql { connections: 1, ..replica.config.sql.clone() };
    Ok(Sql::open("rooms", &one, &replica.data).await?)
}

/// `rooms-server-2` is the second.
fn ordinal(name: &str) -> anyhow::Result<u16> {
    let number = name.rsplit_once('-').and_then(|(_, number)| number.parse::<u16>().ok()).filter(|number| *number > 0);
    number.with_context(|| {
        format!("--replica {name}: a name that ends in its number is expected, such as rooms-server-1")
    })
}
