//! The control socket: the orchestrator pushes routes and states, and takes the public listeners back.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kernel::control::{GatewayCommand, GatewayReply, read_line, write_line};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tokio::io::{BufReader, Interest};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::Instant;

use crate::gateway::Gateway;

/// The public listeners, kept for whoever starts an orchestrator after this one's died.
pub(crate) struct Listeners {
    pub(crate) http: OwnedFd,
    pub(crate) https: OwnedFd,
}

/// Binds the socket, mode 600. One that a dead gateway of the same name left is replaced.
pub(crate) fn bind(path: &Path) -> io::Result<UnixListener> {
    if path.exists() {
        std::fs::remove_file(path)?;
    }
    // Bound under another name first: between `bind` and `chmod` anybody could connect.
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(format!(".{}", std::process::id()));
    let fresh = PathBuf::from(fresh);
    let _ = std::fs::remove_file(&fresh);
    let listener = UnixListener::bind(&fresh)?;
    std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&fresh, path)?;
    Ok(listener)
}

/// Answers commands until the process ends: while it drains, a gateway still hands its listeners over.
pub(crate) async fn run(gateway: Arc<Gateway>, listener: UnixListener, listeners: Arc<Listeners>) {
    let end = gateway.lifecycle.hard().clone();
    loop {
        let accepted = tokio::select! {
            () = end.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                tokio::spawn(converse(Arc::clone(&gateway), stream, Arc::clone(&listeners)));
            }
            Err(error) => {
                tracing::error!(error = %error, "control connections cannot be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

async fn converse(gateway: Arc<Gateway>, stream: UnixStream, listeners: Arc<Listeners>) {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    loop {
        let done = match read_command(&mut reader).await {
            Ok(None) => return,
            Ok(Some(command)) => obey(&gateway, command, &mut writer, &listeners).await,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let refused = GatewayReply::Refused { detail: format!("not a command: {error}") };
                write_line(&mut writer, &refused).await
            }
            Err(_) => return,
        };
        if done.is_err() {
            return;
        }
    }
}

async fn read_command(reader: &mut BufReader<OwnedReadHalf>) -> io::Result<Option<GatewayCommand>> {
    read_line(reader).await
}

async fn obey(
    gateway: &Arc<Gateway>,
    command: GatewayCommand,
    writer: &mut OwnedWriteHalf,
    listeners: &Listeners,
) -> io::Result<()> {
    let reply = match command {
        GatewayCommand::Snapshot(snapshot) => {
            let given = snapshot.generation;
            if gateway.follow(&snapshot).await {
                gateway.heard.send_replace(true);
                GatewayReply::Done
            } else {
                let present = gateway.table.load().generation;
                GatewayReply::Refused { detail: format!("generation {given} is older than {present}") }
            }
        }
        GatewayCommand::Status(status) => {
            gateway.status.store(Some(Arc::new((*status, Instant::now()))));
            GatewayReply::Done
        }
        GatewayCommand::Listeners => {
            let reply = GatewayReply::Listeners { names: vec!["http".to_owned(), "https".to_owned()] };
            return hand_over(writer, &reply, &[listeners.http.as_fd(), listeners.https.as_fd()]).await;
        }
    };
    write_line(writer, &reply).await
}

/// Writes the reply's line with the descriptors attached to its first byte.
async fn hand_over(writer: &mut OwnedWriteHalf, reply: &GatewayReply, files: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    let stream: &UnixStream = writer.as_ref();
    let sent = stream
        .async_io(Interest::WRITABLE, || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
            let mut ancillary = SendAncillaryBuffer::new(&mut space);
            if !ancillary.push(SendAncillaryMessage::ScmRights(files)) {
                return Err(io::Error::from(io::ErrorKind::InvalidInput));
            }
            sendmsg(stream, &[IoSlice::new(&line)], &mut ancillary, SendFlags::NOSIGNAL).map_err(io::Error::from)
        })
        .await?;
    if sent == line.len() { Ok(()) } else { Err(io::Error::from(io::ErrorKind::WriteZero)) }
}
