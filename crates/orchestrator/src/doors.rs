//! The public sockets: bound once, kept, handed to every gateway, taken back from one by the next orchestrator.

use std::collections::BTreeMap;
use std::io::{self, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kernel::control::{GatewayCommand, GatewayReply, MAX_LINE};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};

use crate::campus::BuildError;

/// Connections that may wait to be accepted: std's 128 is too few for a door that many knock at while a gateway is
/// replaced.
const BACKLOG: i32 = 4096;
/// How long a gateway may take to hand the sockets over.
const PATIENCE: Duration = Duration::from_secs(2);
/// More public sockets than any campus has.
const MOST: usize = 8;

/// The campus's public sockets, by name, in the order in which they are handed down.
#[derive(Debug)]
pub(crate) struct Doors {
    open: Mutex<Option<Vec<(String, TcpListener)>>>,
    endpoints: BTreeMap<String, String>,
}

impl Doors {
    /// Takes those that a former orchestrator's gateway still had, and binds the others.
    pub(crate) fn open(
        wanted: &[(String, SocketAddr)],
        mut kept: Vec<(String, TcpListener)>,
    ) -> Result<Self, BuildError> {
        let mut open = Vec::with_capacity(wanted.len());
        let mut endpoints = BTreeMap::new();
        for (name, address) in wanted {
            let listener = match kept.iter().position(|(kept_name, _)| kept_name == name) {
                Some(place) => kept.swap_remove(place).1,
                None => bind(name, *address)?,
            };
            let bound = listener.local_addr().unwrap_or(*address);
            if bound != *address && address.port() != 0 {
                tracing::warn!(door.name = %name, door.wanted = %address, door.address = %bound,
                    "the living campus keeps its address: `bedel down` first to change it");
            }
            endpoints.insert(name.clone(), bound.to_string());
            open.push((name.clone(), listener));
        }
        Ok(Self { open: Mutex::new(Some(open)), endpoints })
    }

    /// Addresses by name.
    pub(crate) const fn endpoints(&self) -> &BTreeMap<String, String> {
        &self.endpoints
    }

    /// Copies for one more gateway.
    pub(crate) fn copies(&self) -> io::Result<Vec<(String, TcpListener)>> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let open = open.as_ref().ok_or_else(|| io::Error::other("the campus ends: its doors are closed"))?;
        open.iter().map(|(name, listener)| Ok((name.clone(), listener.try_clone()?))).collect()
    }

    /// Closes our copies: with the last gateway's the campus accepts nobody any more.
    pub(crate) fn close(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn bind(name: &str, address: SocketAddr) -> Result<TcpListener, BuildError> {
    let bind = || {
        let listener = TcpListener::bind(address)?;
        rustix::net::listen(&listener, BACKLOG)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    bind().map_err(|source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => BuildError::AddressTaken { name: name.to_owned(), address },
        _ => BuildError::Address { name: name.to_owned(), address, source },
    })
}

/// Asks a living gateway for its public sockets. Blocks, up to two seconds.
pub(crate) fn take_from(gateway: &Path) -> io::Result<Vec<(String, TcpListener)>> {
    let mut stream = UnixStream::connect(gateway)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(&GatewayCommand::Listeners)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let (descriptors, answer) = receive(&mut stream)?;
    let GatewayReply::Listeners { names } = serde_json::from_slice(&answer)? else {
        return Err(io::Error::other(format!("the gateway keeps them: {}", String::from_utf8_lossy(&answer))));
    };
    if names.len() != descriptors.len() {
        return Err(io::Error::other(format!("{} names came with {} sockets", names.len(), descriptors.len())));
    }
    names
        .into_iter()
        .zip(descriptors)
        .map(|(name, descriptor)| {
            let listener = TcpListener::from(descriptor);
            listener.local_addr()?;
            listener.set_nonblocking(true)?;
            Ok((name, listener))
        })
        .collect()
}

/// One line and the descriptors that come with its first byte.
fn receive(stream: &mut UnixStream) -> io::Result<(Vec<OwnedFd>, Vec<u8>)> {
    let mut descriptors = Vec::new();
    let mut answer = vec![0; 4096];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    // The descriptors must not be inherited by a role that is started at this very moment.
    let flags = RecvFlags::CMSG_CLOEXEC;
    let received = rustix::net::recvmsg(&*stream, &mut [IoSliceMut::new(&mut answer)], &mut control, flags)?;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    answer.truncate(received.bytes);
    let mut more = [0; 4096];
    while !answer.contains(&b'\n') {
        let count = stream.read(&mut more)?;
        if count == 0 || answer.len() as u64 > MAX_LINE {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        answer.extend_from_slice(&more[..count]);
    }
    Ok((descriptors, answer))
}
