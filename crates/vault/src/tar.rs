//! The tar stream: POSIX (PAX) with GNU's ways for what POSIX cannot say, written so that the same tree gives the same
//! bytes, and read strictly.

mod header;
mod meta;
mod pax;
mod read;
mod sparse;

pub use header::{header, stored_length};
pub(crate) use meta::order;
pub use meta::{Kind, Meta, MetaError, Mtime, check_name, check_order};
pub use read::{Event, Header, ReadError, Reader, read_header};
pub use sparse::{Extents, SMALLEST_HOLE};

/// Everything in a tar stream is a multiple of this long.
pub const BLOCK: u64 = 512;
/// Two blocks of zeros end the stream.
pub const END: [u8; 1024] = [0; 1024];
/// The longest headers an entry may have, in bytes: its extended attributes may be no larger.
pub const MAX_HEADER: usize = 512 << 10;

/// How many zeros follow a payload of `stored` bytes.
#[must_use]
pub const fn padding(stored: u64) -> u16 {
    #[expect(clippy::cast_possible_truncation, reason = "less than a block")]
    let padding = (stored.next_multiple_of(BLOCK) - stored) as u16;
    padding
}

#[cfg(test)]
mod tests;
