//! Identifiers: 128 bits, ordered by creation time, written as 26 lower-case Crockford base-32 characters (a ULID).

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LEN: usize = 26;

/// An identifier made by us, never by a database.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u128);

impl Id {
    /// The id's 16 bytes, most significant first.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0_u8; LEN];
        for (place, slot) in text.iter_mut().enumerate() {
            let shift = 5 * (LEN - 1 - place);
            *slot = ALPHABET[usize::try_from((self.0 >> shift) & 31).unwrap_or(0)];
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not 26 characters of lower-case Crockford base 32 that fit 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id: 26 characters of 0-9 and a-z without i, l, o, u are expected")]
pub struct BadId;

impl FromStr for Id {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        if text.len() != LEN || text.as_bytes()[0] > b'7' {
            return Err(BadId);
        }
        text.bytes()
            .try_fold(0_u128, |value, byte| {
                let digit = ALPHABET.iter().position(|&known| known == byte).ok_or(BadId)?;
                Ok((value << 5) | digit as u128)
            })
            .map(Self)
    }
}

impl Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Where ids and other unpredictable values come from; cloned handles share one generator.
#[derive(Clone)]
pub struct IdSource {
    clock: Arc<dyn Clock>,
    rng: Arc<Mutex<StdRng>>,
}

impl IdSource {
    /// A source seeded by the operating system.
    #[must_use]
    pub fn from_os(clock: Arc<dyn Clock>) -> Self {
        Self { clock, rng: Arc::new(Mutex::new(StdRng::from_os_rng())) }
    }

    /// A repeatable source, for tests and simulations.
    #[must_use]
    pub fn seeded(clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self { clock, rng: Arc::new(Mutex::new(StdRng::seed_from_u64(seed))) }
    }

    /// The next id: 48 bits of milliseconds since the epoch, then 80 random bits.
    #[must_use]
    pub fn next(&self) -> Id {
        let millis = u128::try_from(self.clock.now().as_micros() / 1000).unwrap_or(0);
        let mut tail = [0_u8; 16];
        self.fill(&mut tail[6..]);
        Id(((millis & 0xffff_ffff_ffff) << 80) | u128::from_be_bytes(tail))
    }

    /// Fills `buffer` with bytes nobody can guess (a CSPRNG, when made by [`IdSource::from_os`]).
    pub fn fill(&self, buffer: &mut [u8]) {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn an_id_survives_text_and_sorts_by_time() {
        let clock = Arc::new(ManualClock::at_micros(1_000_000));
        let ids = IdSource::seeded(Arc::clone(&clock) as Arc<dyn Clock>, 7);
        let first = ids.next();
        clock.advance(std::time::Duration::from_millis(2));
        let second = ids.next();
        assert!(first < second);
        assert!(first.to_string() < second.to_string());
        assert_eq!(first.to_string().parse::<Id>(), Ok(first));
    }

    #[test]
    fn text_that_is_no_id_is_refused() {
        for text in ["", "0", "i0000000000000000000000000", "80000000000000000000000000", "../../../../../etc/passwd.."]
        {
            assert_eq!(text.parse::<Id>(), Err(BadId), "{text}");
        }
    }
}
