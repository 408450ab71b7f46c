//! SHA-256 that can be put down and taken up again, by another replica too.

use std::fmt::Write as _;

use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest, Sha256};

/// A running SHA-256.
#[derive(Clone)]
pub struct Running(Sha256);

/// A stored state is not one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored hash state is damaged")]
pub struct BadState;

impl Default for Running {
    fn default() -> Self {
        Self(Sha256::new())
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Running(sha-256)")
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
        self.0.update(bytes);
    }

    /// The digest of everything so far.
    #[must_use]
    pub fn finish(&self) -> [u8; 32] {
        self.0.clone().finalize().into()
    }

    /// The state in hexadecimal, as SQL keeps it.
    #[must_use]
    pub fn serialize(&self) -> String {
        hex(&self.0.serialize())
    }

    /// The state that [`Running::serialize`] wrote.
    ///
    /// # Errors
    /// [`BadState`].
    pub fn deserialize(text: &str) -> Result<Self, BadState> {
        let bytes = unhex(text).ok_or(BadState)?;
        let state = SerializedState::<Sha256>::try_from(bytes.as_slice()).map_err(|_| BadState)?;
        Sha256::deserialize(&state).map(Self).map_err(|_| BadState)
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
        }
    }

    #[test]
    fn damaged_states_are_refused() {
        for bad in ["", "zz", "00", "é"] {
            assert!(Running::deserialize(bad).is_err(), "{bad}");
        }
    }
}
