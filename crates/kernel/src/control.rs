//! Control sockets: one JSON object a line in each direction, on Unix sockets of mode 600 in `DATA/run`.
//!
//! `control.sock` belongs to the orchestrator ([`Command`] → [`Reply`]); `gateway-N.sock` to a gateway
//! ([`GatewayCommand`] → [`GatewayReply`]). A connection may carry several commands, answered in order.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use crate::role::Role;
use crate::snapshot::Snapshot;
use crate::status::Status;

/// The longest line either side accepts, in bytes.
pub const MAX_LINE: u64 = 4 << 20;

/// What one may ask the orchestrator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub enum Command {
    /// The state of the campus.
    Status,
    /// Want this many replicas of a role; 0 stops it.
    Scale {
        /// Which.
        role: Role,
        /// How many.
        replicas: u32,
    },
    /// Replace a role's replicas one after the other, without a failed request. Answered when done.
    Restart {
        /// Which.
        role: Role,
    },
    /// Drain and end the whole campus. Answered when everything has ended.
    Down,
}

/// The orchestrator's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Reply {
    /// Done.
    Done,
    /// The state of the campus.
    Status(Box<Status>),
    /// Not done, and why.
    Refused {
        /// What was wrong and what to do.
        detail: String,
    },
}

/// What the orchestrator may ask a gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub enum GatewayCommand {
    /// Route by this snapshot from now on. Acknowledged once no new request uses the former.
    Snapshot(Box<Snapshot>),
    /// The state of the campus, for `GET /api/v1/status`.
    Status(Box<Status>),
    /// Hand over the public listeners: the answer's line is accompanied by their descriptors (`SCM_RIGHTS`), in the
    /// order of its `names`.
    Listeners,
}

/// A gateway's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum GatewayReply {
    /// Done.
    Done,
    /// The descriptors that accompany this line.
    Listeners {
        /// `http`, `https`.
        names: Vec<String>,
    },
    /// Not done, and why.
    Refused {
        /// What was wrong.
        detail: String,
    },
}

/// Sends one command on a new connection and reads its answer, all within `patience`.
///
/// # Errors
/// `NotFound` or `ConnectionRefused` when nobody listens, `TimedOut` after `patience`, `InvalidData` when the answer is
/// not what was expected.
pub async fn ask<C, R>(socket: &Path, command: &C, patience: Duration) -> io::Result<R>
where
    C: Serialize + Sync,
    R: DeserializeOwned,
{
    let exchange = async {
        let mut stream = UnixStream::connect(socket).await?;
        write_line(&mut stream, command).await?;
        read_line(&mut BufReader::new(stream)).await?.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))
    };
    tokio::time::timeout(patience, exchange).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Writes one object and its line end.
///
/// # Errors
/// Those of the stream.
pub async fn write_line<W, T>(stream: &mut W, value: &T) -> io::Result<()>
where
    W: tokio::io::AsyncWrite + Unpin + Send,
    T: Serialize + Sync,
{
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    stream.write_all(&line).await
}

/// Reads one object; `None` at the end of the stream.
///
/// # Errors
/// Those of the stream; `InvalidData` for a line that is too long or is not the expected object.
pub async fn read_line<S, T>(stream: &mut S) -> io::Result<Option<T>>
where
    S: tokio::io::AsyncBufRead + Unpin + Send,
    T: DeserializeOwned,
{
    let mut line = Vec::new();
    if stream.take(MAX_LINE).read_until(b'\n', &mut line).await? == 0 {
        return Ok(None);
    }
    serde_json::from_slice(&line).map(Some).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_command_is_answered_on_its_socket() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("control.sock");
        let listener = tokio::net::UnixListener::bind(&path).expect("binds");
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.expect("accepts");
            let mut stream = BufReader::new(stream);
            let command: Option<Command> = read_line(&mut stream).await.expect("reads");
            write_line(&mut stream, &Reply::Refused { detail: "no".to_owned() }).await.expect("writes");
            command
        });
        let scale = Command::Scale { role: Role::Files, replicas: 2 };
        let reply: Reply = ask(&path, &scale, Duration::from_secs(5)).await.expect("answers");
        assert_eq!(reply, Reply::Refused { detail: "no".to_owned() });
        assert_eq!(server.await.expect("ends"), Some(scale));
    }
}
