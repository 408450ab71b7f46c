//! Sockets handed down by the orchestrator.

use std::net::TcpListener;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};

use anyhow::{Context, bail};

/// The sockets of `NAME=DESCRIPTOR` arguments.
///
/// # Errors
/// If an argument is not of that form, or the descriptor is not open.
pub(super) fn sockets(arguments: &[String]) -> anyhow::Result<Vec<(String, TcpListener)>> {
    let mut taken = Vec::new();
    for argument in arguments {
        let (name, descriptor) = argument
            .split_once('=')
            .and_then(|(name, text)| Some((name.to_owned(), text.parse::<RawFd>().ok().filter(|fd| *fd > 2)?)))
            .with_context(|| format!("--listen-fd {argument}: NAME=DESCRIPTOR is expected, such as http=3"))?;
        if taken.iter().any(|(_, known, _)| *known == descriptor) {
            bail!("--listen-fd {argument}: this descriptor is named twice");
        }
        taken.push((name, descriptor, own(descriptor).with_context(|| format!("--listen-fd {argument}"))?));
    }
    Ok(taken.into_iter().map(|(name, _, socket)| (name, socket.into())).collect())
}

#[expect(unsafe_code, reason = "a descriptor that was inherited by number has no owner that could hand it over safely")]
fn own(descriptor: RawFd) -> std::io::Result<OwnedFd> {
    // SAFETY: the number is only asked about here; a closed one is answered with EBADF.
    let seen = unsafe { BorrowedFd::borrow_raw(descriptor) };
    rustix::io::fcntl_setfd(seen, rustix::io::FdFlags::CLOEXEC)?;
    // SAFETY: it is open, it was passed for this purpose, and `sockets` takes each number once, before anything else
    // in this process could have opened a descriptor of that number: numbers handed down are taken from the start.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}
