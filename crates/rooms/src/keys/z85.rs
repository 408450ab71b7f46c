//! Z85, the printable form of CURVE keys (ZeroMQ RFC 32).

const ALPHABET: &[u8; 85] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// The 40 characters of a key.
pub(super) fn encode(key: &[u8; 32]) -> String {
    let mut text = String::with_capacity(40);
    for word in key.chunks_exact(4) {
        let value = word.iter().fold(0_u32, |value, &byte| (value << 8) | u32::from(byte));
        for place in (0..5).rev() {
            let digit = value / 85_u32.pow(place) % 85;
            text.push(char::from(ALPHABET[digit as usize]));
        }
    }
    text
}

/// The key of 40 characters; `None` for anything else.
pub(super) fn decode(text: &str) -> Option<[u8; 32]> {
    if text.len() != 40 {
        return None;
    }
    let mut key = [0_u8; 32];
    for (digits, word) in text.as_bytes().chunks_exact(5).zip(key.chunks_exact_mut(4)) {
        let value = digits.iter().try_fold(0_u64, |value, byte| {
            let digit = ALPHABET.iter().position(|known| known == byte)?;
            Some(value * 85 + digit as u64)
        })?;
        word.copy_from_slice(&u32::try_from(value).ok()?.to_be_bytes());
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key pair of the CURVE documentation of libzmq's `zmq_curve(7)`.
    const PUBLIC: &str = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";

    #[test]
    fn a_published_key_survives_both_ways() {
        let key = decode(PUBLIC).expect("a key");
        assert_eq!(key[..4], [0xbb, 0x88, 0x47, 0x1d]);
        assert_eq!(encode(&key), PUBLIC);
    }

    #[test]
    fn text_that_is_no_key_is_refused() {
        for text in ["", "short", "#####################################\"##", &"#".repeat(40), &"~".repeat(40)] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
