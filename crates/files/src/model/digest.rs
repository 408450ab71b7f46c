//! SHA-256 and CRC-32 in one pass, that can be put down and taken up again, by another replica too.

use std::fmt::Write as _;

use crc32fast::Hasher as Crc32;
use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest, Sha256};

/// A running SHA-256, and the CRC-32 that a ZIP archive wants to know before it sends the bytes.
#[derive(Clone)]
pub struct Running {
    sha256: Sha256,
    /// `None` if the state was put down by a release that did not count it.
    crc32: Option<Crc32>,
}

/// How many hexadecimal digits of a stored state are the CRC-32, at its end.
const CRC_DIGITS: usize = 8;

/// A stored state is not one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored hash state is damaged")]
pub struct BadState;

impl Default for Running {
    fn default() -> Self {
        Self { sha256: Sha256::new(), crc32: Some(Crc32::new()) }
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Running(sha-256, crc-32)")
    }
}

impl PartialEq for Running {
    fn eq(&self, other: &Self) -> bool {
        self.serialize() == other.serialize()
    }
}

impl Eq for Running {}

impl Running {
    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        if let Some(crc32) = &mut self.crc32 {
            crc32.update(bytes);
        }
    }

    /// The SHA-256 of everything so far.
    #[must_use]
    pub fn finish(&self) -> [u8; 32] {
        self.sha256.clone().finalize().into()
    }

    /// The CRC-32 (of ISO 3309, as ZIP uses it) of everything so far, if it was counted from the beginning.
    #[must_use]
    pub fn crc32(&self) -> Option<u32> {
        self.crc32.as_ref().map(|crc32| crc32.clone().finalize())
    }

    /// The state in hexadecimal, as SQL keeps it: SHA-256's, and behind it the CRC-32 if it is counted.
    #[must_use]
    pub fn serialize(&self) -> String {
        let mut text = hex(&self.sha256.serialize());
        if let Some(crc32) = self.crc32() {
            let _ = write!(text, "{crc32:0CRC_DIGITS$x}");
        }
        text
    }

    /// The state that [`Running::serialize`] wrote.
    ///
    /// # Errors
    /// [`BadState`].
    pub fn deserialize(text: &str) -> Result<Self, BadState> {
        let bytes = unhex(text).ok_or(BadState)?;
        let (sha256, crc32) = bytes.split_at_checked(size_of::<SerializedState<Sha256>>()).ok_or(BadState)?;
        let crc32 = match crc32 {
            [] => None,
            crc32 => Some(Crc32::new_with_initial(u32::from_be_bytes(crc32.try_into().map_err(|_| BadState)?))),
        };
        let state = SerializedState::<Sha256>::try_from(sha256).map_err(|_| BadState)?;
        Ok(Self { sha256: Sha256::deserialize(&state).map_err(|_| BadState)?, crc32 })
    }
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of hexadecimal text.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_hash_goes_on_from_any_offset(bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in 0usize..400) {
            let cut = cut.min(bytes.len());
            let mut first = Running::default();
            first.update(&bytes[..cut]);
            let mut second = Running::deserialize(&first.serialize()).expect("our own state");
            second.update(&bytes[cut..]);
            let whole: [u8; 32] = Sha256::digest(&bytes).into();
            prop_assert_eq!(second.finish(), whole);
            prop_assert_eq!(second.crc32(), Some(crc32fast::hash(&bytes)));
        }
    }

    #[test]
    fn a_state_of_an_older_release_goes_on_without_a_crc() {
        let mut old = Running { crc32: None, ..Running::default() };
        old.update(b"123456");
        let mut taken_up = Running::deserialize(&old.serialize()).expect("an older state");
        taken_up.update(b"789");
        let mut new = Running::default();
        new.update(b"123456789");
        assert_eq!((taken_up.finish(), taken_up.crc32()), (new.finish(), None));
        assert_eq!(new.crc32(), Some(0xcbf4_3926), "the check value of CRC-32");
    }

    #[test]
    fn damaged_states_are_refused() {
        let good = Running::default().serialize();
        assert!(Running::deserialize(&good).is_ok());
        for bad in ["", "zz", "00", "é", &good[..good.len() - 2], &format!("{good}00")] {
            assert!(Running::deserialize(bad).is_err(), "{bad}");
        }
    }
}
