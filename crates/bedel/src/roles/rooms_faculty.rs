use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use api::Service;
use kernel::role::Role;
use rooms::faculty::{Faculty, ServerAt, Settings};
use rooms::keys::Campus;
use rooms::wire::{Address, Refusals};

use super::Replica;
use super::rooms_links::{door, key, offset};

/// The faculties of this campus, all in one process.
pub(super) async fn spawn(mut replica: Replica) -> anyhow::Result<()> {
    let settings = replica.config.rooms.clone();
    let verifier = replica.verifier()?;
    let servers = servers(&settings)?;
    let refusals = Refusals::new(Arc::clone(&replica.clock));
    let mut bound = Vec::new();
    for number in 1..=settings.faculties {
        let name = Campus::faculty(number);
        let place = u16::try_from(number - 1)?;
        let faculty = Settings {
            listen: offset(settings.faculty_listen, place)?,
            door: door(&replica, &name, &name)?,
            key: key(&replica, &name)?,
            servers: servers.clone(),
            pattern: settings.pattern,
            accept_mobile: settings.accept_mobile,
            answer_timeout: Duration::from_millis(settings.answer_timeout_ms),
            silence: Duration::from_millis(settings.heartbeat_ms) * kernel::config::Rooms::MISSED_HEARTBEATS,
            measured: None,
            name,
        };
        bound.push(Faculty::bind(faculty, &refusals).await.context("the sockets of the faculties")?);
    }
    let listener = replica.listener().await?;
    let service = Service::new(Role::RoomsFaculty.name(), &replica.name, verifier).lifecycle(replica.lifecycle.clone());
    let end = replica.lifecycle.soft().clone();
    for faculty in bound {
        let (end, name) = (end.clone(), faculty.endpoint());
        replica.lifecycle.spawn_essential("rooms.faculty", async move {
            if let Err(error) = faculty.serve(end).await {
                tracing::error!(error = %error, faculty.endpoint = %name, "a faculty ended");
            }
        });
    }
    replica.lifecycle.spawn_essential("http", api::serve(listener, service.build(), replica.lifecycle.clone()));
    Ok(())
}

/// Those of the settings, or every place where this campus may have a server.
fn servers(settings: &kernel::config::Rooms) -> anyhow::Result<Vec<ServerAt>> {
    if settings.servers.len() != settings.heartbeats.len() {
        anyhow::bail!("setting rooms.heartbeats: one for each of rooms.servers is expected");
    }
    let given = settings.servers.iter().zip(&settings.heartbeats);
    let mut servers = given
        .map(|(endpoint, heartbeats)| Ok(ServerAt { endpoint: endpoint.parse()?, heartbeats: heartbeats.parse()? }))
        .collect::<anyhow::Result<Vec<_>>>()?;
    if servers.is_empty() {
        for place in 0..u16::try_from(Role::RoomsServer.manifest().max_replicas)? {
            servers.push(ServerAt {
                endpoint: Address::from(offset(settings.listen, place)?),
                heartbeats: Address::from(offset(settings.heartbeat_listen, place)?),
            });
        }
    }
    Ok(servers)
}
