//! Signed addresses: one file or one selection of files, ten minutes, no header needed. Every replica that has the key can check one alone.

use api::signed::AddressSigner;
use kernel::clock::Timestamp;
use kernel::id::{Id, IdSource};
use ring::hmac;

use super::secret_token::{self, SecretToken};

/// The key of the signatures, and of what else must not be guessed (HMAC-SHA-256).
#[derive(Debug, Clone)]
pub struct Signer {
    addresses: AddressSigner,
    key: hmac::Key,
}

impl Signer {
    /// A signer with that secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self { addresses: AddressSigner::new(secret), key: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// The signature of a file's content, good until `until`.
    #[must_use]
    pub fn sign(&self, file: Id, until: Timestamp) -> String {
        self.addresses.sign(&content(file), until)
    }

    /// Whether `signature` opens `file` now.
    #[must_use]
    pub fn verify(&self, file: Id, signature: &str, now: Timestamp) -> bool {
        self.addresses.verify(&content(file), signature, now)
    }

    /// The signature of an archive of these files in this order, good until `until`.
    #[must_use]
    pub fn sign_archive(&self, files: &[Id], until: Timestamp) -> String {
        self.addresses.sign(&archive(files), until)
    }

    /// Whether `signature` opens the archive of `files` now.
    #[must_use]
    pub fn verify_archive(&self, files: &[Id], signature: &str, now: Timestamp) -> bool {
        self.addresses.verify(&archive(files), signature, now)
    }

    /// A new token. A request that may be sent again has a `name`, from which its repeats get the same one: tokens are
    /// not kept, and without the key the name says nothing about its token.
    #[must_use]
    pub fn token(&self, ids: &IdSource, name: Option<String>) -> SecretToken {
        let mut bytes = [0; secret_token::LENGTH];
        match name {
            Some(name) => {
                let tag = hmac::sign(&self.key, format!("bedel secret token {name}").as_bytes());
                bytes.copy_from_slice(&tag.as_ref()[..secret_token::LENGTH]);
            }
            None => ids.fill(&mut bytes),
        }
        SecretToken::new(bytes)
    }

    /// Seals the digest of a body that holds a password: a plain one could be guessed at.
    #[must_use]
    pub fn seal(&self, digest: &[u8; 32]) -> [u8; 32] {
        let mut sealed = [0; 32];
        sealed.copy_from_slice(hmac::sign(&self.key, &[b"bedel body ", digest.as_slice()].concat()).as_ref());
        sealed
    }
}

fn content(file: Id) -> String {
    format!("file content {file}")
}

fn archive(files: &[Id]) -> String {
    let files: Vec<String> = files.iter().map(Id::to_string).collect();
    format!("archive {}", files.join(" "))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use api::signed::LIFETIME;
    use kernel::clock::ManualClock;

    use super::*;

    #[test]
    fn repeats_get_the_same_token_and_nobody_else_does() {
        let ids = IdSource::seeded(Arc::new(ManualClock::default()), 1);
        let signer = Signer::new(b"secret");
        let named = |signer: &Signer, name: &str| signer.token(&ids, Some(name.to_owned())).expose().to_owned();
        assert_eq!(named(&signer, "a"), named(&signer, "a"));
        assert_ne!(named(&signer, "a"), named(&signer, "b"));
        assert_ne!(named(&signer, "a"), named(&Signer::new(b"another"), "a"));
        assert_ne!(signer.token(&ids, None).expose(), signer.token(&ids, None).expose());
        assert_eq!(signer.seal(&[1; 32]), signer.seal(&[1; 32]));
        assert_ne!(signer.seal(&[1; 32]), signer.seal(&[2; 32]));
    }

    #[test]
    fn a_signature_opens_one_file_or_one_selection() {
        let signer = Signer::new(b"secret");
        let file: Id = "01arz3ndektsv4rrffq69g5fav".parse().expect("an id");
        let other: Id = "01arz3ndektsv4rrffq69g5faw".parse().expect("an id");
        let now = Timestamp::from_micros(1_000_000_000);
        let until = now.plus(LIFETIME);
        let signature = signer.sign_archive(&[file, other], until);
        assert!(signer.verify_archive(&[file, other], &signature, until));
        for another in [&[other, file][..], &[file], &[other], &[]] {
            assert!(!signer.verify_archive(another, &signature, now));
        }
        assert!(signer.verify(file, &signer.sign(file, until), now));
        assert!(!signer.verify(other, &signer.sign(file, until), now));
        assert!(!signer.verify(file, &signer.sign_archive(&[file], until), now), "it is for the archive alone");
        assert!(!signer.verify_archive(&[file], &signer.sign(file, until), now), "nor the other way");
    }
}
