//! Bits, lowest first, on their way to bytes.

/// Room beyond what any block needs: whole words are written.
const SLACK: usize = 64;

/// A buffer that is kept, and up to 63 bits that are not in it yet.
#[derive(Debug, Default)]
pub(super) struct Bits {
    bytes: Vec<u8>,
    at: usize,
    held: u64,
    count: u32,
}

impl Bits {
    /// Begins anew. There will be room for `raw` bytes in stored blocks, which is the most that is ever needed.
    pub(super) fn begin(&mut self, raw: usize) {
        let most = raw + raw / 256 + 4096;
        if self.bytes.len() < most + SLACK {
            self.bytes.resize(most + SLACK, 0);
        }
        (self.at, self.held, self.count) = (0, 0, 0);
    }

    /// Adds up to 57 bits less those that were added since the last [`Bits::drain`].
    #[inline]
    pub(super) const fn add(&mut self, value: u64, count: u32) {
        self.held |= value << self.count;
        self.count += count;
    }

    /// Leaves fewer than 8 bits waiting.
    #[inline]
    pub(super) fn drain(&mut self) {
        if let Some(place) = self.bytes.get_mut(self.at..self.at + 8) {
            place.copy_from_slice(&self.held.to_le_bytes());
        }
        self.at += (self.count >> 3) as usize;
        self.held >>= self.count & !7;
        self.count &= 7;
    }

    /// A stored block (RFC 1951 §3.2.4) of at most 65,535 bytes.
    pub(super) fn stored(&mut self, raw: &[u8]) {
        let [low, high, ..] = raw.len().to_le_bytes();
        self.add(0, 3);
        self.align();
        for byte in [low, high, !low, !high] {
            self.add(u64::from(byte), 8);
        }
        self.drain();
        if let Some(place) = self.bytes.get_mut(self.at..self.at + raw.len()) {
            place.copy_from_slice(raw);
        }
        self.at += raw.len();
    }

    /// An empty stored block; all bytes since [`Bits::begin`].
    pub(super) fn flush_full(&mut self) -> &[u8] {
        self.stored(&[]);
        &self.bytes[..self.at]
    }

    fn align(&mut self) {
        self.drain();
        if self.count > 0 {
            self.count = 8;
            self.drain();
        }
    }
}
