//! How manifests, indexes and records write numbers and strings: one way only, so that equal content has equal bytes.

/// Why bytes are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// They end too early.
    #[error("the bytes end too early")]
    Truncated,
    /// A number is not in its shortest form.
    #[error("a number is not in its shortest form")]
    NotCanonical,
    /// A number, length or order breaks its bound.
    #[error("a value is out of range")]
    OutOfRange,
    /// The first bytes are not those of this kind of record.
    #[error("not a record of this kind")]
    BadMagic,
    /// The checksum over the record does not match.
    #[error("the checksum does not match")]
    BadChecksum,
    /// Bytes are left over.
    #[error("bytes are left over")]
    Trailing,
}

/// Bytes being written.
#[derive(Debug, Default)]
pub(crate) struct Output(Vec<u8>);

impl Output {
    pub(crate) fn new(magic: &[u8]) -> Self {
        Self(magic.to_vec())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// LEB128: seven bits a byte, lowest first, the top bit on all but the last.
    pub(crate) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.0.push(value.to_le_bytes()[0]);
    }

    /// Zigzag: 0, −1, 1, −2, … become 0, 1, 2, 3, …
    pub(crate) fn signed(&mut self, value: i64) {
        self.number(((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.raw(bytes);
    }

    pub(crate) fn done(self) -> Vec<u8> {
        self.0
    }

    /// The bytes and after them their BLAKE3 hash.
    pub(crate) fn sealed(mut self) -> Vec<u8> {
        let hash = blake3::hash(&self.0);
        self.raw(hash.as_bytes());
        self.0
    }
}

/// Bytes being read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn new(magic: &[u8], bytes: &'a [u8]) -> Result<Self, WireError> {
        bytes.strip_prefix(magic).map(Self).ok_or(WireError::BadMagic)
    }

    /// Reads what [`Output::sealed`] wrote.
    pub(crate) fn unsealed(magic: &[u8], bytes: &'a [u8]) -> Result<Self, WireError> {
        let (body, hash) = bytes.split_last_chunk::<32>().ok_or(WireError::Truncated)?;
        if blake3::hash(body) != *hash {
            return Err(WireError::BadChecksum);
        }
        Self::new(magic, body)
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], WireError> {
        let (head, rest) = self.0.split_at_checked(length).ok_or(WireError::Truncated)?;
        self.0 = rest;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(WireError::Truncated)?;
        self.0 = rest;
        Ok(*head)
    }

    pub(crate) fn number(&mut self) -> Result<u64, WireError> {
        let mut value = 0_u64;
        for position in 0..10 {
            let [byte] = self.array()?;
            let bits = u64::from(byte & 0x7f);
            if position == 9 && bits > 1 {
                return Err(WireError::OutOfRange);
            }
            value |= bits << (7 * position);
            if byte < 0x80 {
                return if byte == 0 && position > 0 { Err(WireError::NotCanonical) } else { Ok(value) };
            }
        }
        Err(WireError::OutOfRange)
    }

    pub(crate) fn bounded(&mut self, most: u64) -> Result<u64, WireError> {
        self.number().and_then(|value| if value <= most { Ok(value) } else { Err(WireError::OutOfRange) })
    }

    /// How many items follow, each of at least `least` bytes: never more than can be there, so it is safe to reserve for.
    pub(crate) fn count(&mut self, least: usize) -> Result<usize, WireError> {
        let count = self.number()?;
        let most = self.0.len() / least.max(1);
        usize::try_from(count).ok().filter(|count| *count <= most).ok_or(WireError::Truncated)
    }

    pub(crate) fn signed(&mut self) -> Result<i64, WireError> {
        let value = self.number()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], WireError> {
        let length = self.count(1)?;
        self.take(length)
    }

    pub(crate) fn end(&self) -> Result<(), WireError> {
        if self.0.is_empty() { Ok(()) } else { Err(WireError::Trailing) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(number: u64, signed: i64, bytes: Vec<u8>) {
            let mut output = Output::new(b"x");
            output.number(number);
            output.signed(signed);
            output.bytes(&bytes);
            let written = output.sealed();
            let mut input = Input::unsealed(b"x", &written).unwrap();
            prop_assert_eq!(input.number().unwrap(), number);
            prop_assert_eq!(input.signed().unwrap(), signed);
            prop_assert_eq!(input.bytes().unwrap(), &bytes[..]);
            prop_assert!(input.end().is_ok());
        }
    }

    #[test]
    fn a_number_has_one_form() {
        for (bytes, error) in [
            (&[0x80, 0x00][..], WireError::NotCanonical),
            (&[0x80], WireError::Truncated),
            (&[0xff; 10], WireError::OutOfRange),
            (&[0xff; 11], WireError::OutOfRange),
        ] {
            assert_eq!(Input(bytes).number(), Err(error), "{bytes:?}");
        }
        assert_eq!(Input(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]).number(), Ok(u64::MAX));
    }

    #[test]
    fn a_flipped_bit_breaks_the_seal() {
        let mut output = Output::new(b"x");
        output.bytes(b"content");
        let mut sealed = output.sealed();
        sealed[3] ^= 1;
        assert_eq!(Input::unsealed(b"x", &sealed).map(|_| ()), Err(WireError::BadChecksum));
    }
}
