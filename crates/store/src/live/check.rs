//! The port's limits, the same for every adapter.

use kernel::live::LiveError;

use super::failed;

/// A key or a channel: at most 200 bytes of `[A-Za-z0-9._:/-]`.
pub(super) fn name(name: &str) -> Result<(), LiveError> {
    let good = name.len() <= 200 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:/-".contains(&byte));
    if good { Ok(()) } else { Err(failed("check the name", format!("not a live key: {name:?}"))) }
}

/// A value: at most 256 KiB.
pub(super) fn value(key: &str, value: &[u8]) -> Result<(), LiveError> {
    name(key)?;
    if value.len() <= 256 << 10 { Ok(()) } else { Err(failed("check the value", "larger than 256 KiB")) }
}

/// An event: at most 32 KiB.
pub(super) fn event(channel: &str, payload: &[u8]) -> Result<(), LiveError> {
    name(channel)?;
    if payload.len() <= 32 << 10 { Ok(()) } else { Err(failed("check the event", "larger than 32 KiB")) }
}
