//! What the sockets of rooms show and ask for.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use anyhow::{Context, bail};
use kernel::config::{Config, Security};
use rooms::keys::{Admission, Campus, KeyPair, read_public};
use rooms::wire::{Door, Key};

use super::Replica;

/// The keys of this campus.
pub(crate) fn campus(config: &kernel::config::Rooms, data: &kernel::data_dir::DataDir) -> Campus {
    Campus::new(data.rooms(), config.faculties, config.programs)
}

/// What a socket of `name` asks of whoever comes: a key that is admitted to `authorized`.
pub(super) fn door(replica: &Replica, name: &str, authorized: &str) -> anyhow::Result<Door> {
    if replica.config.rooms.security == Security::None {
        return Ok(Door::Open);
    }
    let campus = campus(&replica.config.rooms, &replica.data);
    let admission = Admission::open(campus.authorized(authorized));
    replica.lifecycle.spawn(admission.clone().follow(replica.lifecycle.soft().clone()));
    Ok(Door::Curve { keys: own(&campus, name)?, admission })
}

/// What `name` shows to servers.
pub(super) fn key(replica: &Replica, name: &str) -> anyhow::Result<Key> {
    if replica.config.rooms.security == Security::None {
        return Ok(Key::Open);
    }
    let campus = campus(&replica.config.rooms, &replica.data);
    let server = campus.keys().join("server.pub");
    let server = read_public(&server).with_context(|| format!("cannot read {}", server.display()))?;
    Ok(Key::Curve { keys: own(&campus, name)?, server })
}

fn own(campus: &Campus, name: &str) -> anyhow::Result<KeyPair> {
    let path = KeyPair::path(&campus.keys(), name);
    KeyPair::read(&path).with_context(|| format!("cannot read {}: `bedel up` makes it", path.display()))
}

/// Whether rooms can listen where the settings say. A replica that finds its address taken would only be started again.
///
/// # Errors
/// The address that another program has, and what to do.
pub(crate) fn check_free(config: &Config) -> anyhow::Result<()> {
    let (rooms, replicas) = (&config.rooms, &config.orchestrator.replicas);
    let faculties = if replicas.rooms_faculty == 0 { 0 } else { rooms.faculties };
    let ranges = [
        ("rooms.listen", rooms.listen, replicas.rooms_server),
        ("rooms.heartbeat_listen", rooms.heartbeat_listen, replicas.rooms_server),
        ("rooms.faculty_listen", rooms.faculty_listen, faculties),
    ];
    for (setting, first, count) in ranges {
        for place in 0..u16::try_from(count)? {
            let address = offset(first, place)?;
            if let Err(error) = std::net::TcpListener::bind(address) {
                if error.kind() == std::io::ErrorKind::AddrInUse {
                    bail!(
                        "the address {address} of rooms is taken by another program: end that program (`ss -ltnp` names \
                         it) or choose another address in the settings ({setting}, which is {first})"
                    );
                }
                return Err(error).with_context(|| format!("cannot listen on {address} ({setting} in the settings)"));
            }
        }
    }
    Ok(())
}

/// The address under which other machines reach what listens on `listen`. For every address of this machine it is the one
/// by which it reaches the database, which both servers do.
pub(super) fn reached(listen: IpAddr, database: &str) -> anyhow::Result<IpAddr> {
    if !listen.is_unspecified() {
        return Ok(listen);
    }
    let Some(rest) = database.strip_prefix("mysql://") else { return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)) };
    let place = rest.split('/').next().unwrap_or_default();
    let place = place.rsplit_once('@').map_or(place, |(_, host)| host);
    let has_port = place.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let place = if has_port { place.to_owned() } else { format!("{place}:3306") };
    // Connecting a UDP socket sends nothing: it asks the routing table.
    let probe = UdpSocket::bind((listen, 0))?;
    probe.connect(&place).with_context(|| format!("no way to the database at {place}"))?;
    Ok(probe.local_addr()?.ip())
}

/// The port `places` after that of `address`; port 0 stays any port.
pub(crate) fn offset(address: SocketAddr, places: u16) -> anyhow::Result<SocketAddr> {
    let port = match address.port() {
        0 => 0,
        port => {
            port.checked_add(places).with_context(|| format!("{address}: there are too few ports after this one"))?
        }
    };
    Ok(SocketAddr::new(address.ip(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_told_as_the_one_towards_the_database() {
        let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let given: IpAddr = "192.0.2.1".parse().expect("an address");
        let told = |listen, database| reached(listen, database).expect("a way").to_string();
        assert_eq!(told(given, "mysql://bedel@127.0.0.1/campus"), "192.0.2.1");
        assert_eq!(told(any, "sqlite"), "127.0.0.1");
        for database in ["mysql://bedel:p%40ss@127.0.0.1:3307/campus", "mysql://127.0.0.1/campus?x=a@b"] {
            assert_eq!(told(any, database), "127.0.0.1", "{database}");
        }
    }
}
