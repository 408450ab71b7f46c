//! What a campus needs before its first role runs: token keys and the first administrator's password.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;
use kernel::config::{Config, Security};
use kernel::data_dir::{DataDir, replace_file};
use kernel::id::IdSource;

/// The variable that sets the first administrator's password.
pub(crate) const ADMIN_PASSWORD: &str = "BEDEL_ADMIN_PASSWORD";

/// Letters and digits that are not taken for one another.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789A";

/// Makes whatever keys of a campus are missing.
///
/// # Errors
/// If they cannot be written.
pub(crate) fn ensure(config: &Config, data: &DataDir, ids: &IdSource) -> anyhow::Result<()> {
    ensure_token_keys(data, ids)?;
    if config.rooms.security == Security::Curve {
        let campus = crate::roles::rooms_links::campus(&config.rooms, data);
        rooms::keys::ensure_campus(&campus, ids).context("the keys of rooms")?;
    }
    Ok(())
}

/// Makes the token keys if there are none.
///
/// # Errors
/// If they cannot be written.
pub(crate) fn ensure_token_keys(data: &DataDir, ids: &IdSource) -> anyhow::Result<()> {
    let private = data.signing_key();
    let public = match read_if_there(&private)? {
        Some(pem) => api::auth::Signer::from_pem(&pem).with_context(|| private.display().to_string())?.jwks(),
        None => {
            let (pem, jwks) = api::auth::generate_keys(ids);
            replace_file(&private, pem.as_bytes()).with_context(|| format!("cannot write {}", private.display()))?;
            jwks
        }
    };
    let path = data.verifying_keys();
    if read_if_there(&path)?.as_ref() != Some(&public) {
        replace_file(&path, public.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The first administrator's password: from the environment, else the one kept, else a new one, kept.
///
/// # Errors
/// If it cannot be kept.
pub(crate) fn admin_password(data: &DataDir, ids: &IdSource) -> anyhow::Result<String> {
    if let Some(given) = std::env::var(ADMIN_PASSWORD).ok().filter(|given| !given.is_empty()) {
        return Ok(given);
    }
    let path = data.admin_password();
    if let Some(kept) = read_if_there(&path)? {
        return Ok(kept.trim_end().to_owned());
    }
    let made = password(ids);
    replace_file(&path, format!("{made}\n").as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(made)
}

/// Twenty unpredictable characters: 100 bits.
pub(crate) fn password(ids: &IdSource) -> String {
    let mut bytes = [0_u8; 20];
    ids.fill(&mut bytes);
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

fn read_if_there(path: &Path) -> anyhow::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::clock::SystemClock;

    use super::*;

    #[test]
    fn keys_and_password_are_made_once_and_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::new(folder.path());
        data.create().expect("creates");
        let ids = IdSource::from_os(Arc::new(SystemClock));
        ensure_token_keys(&data, &ids).expect("makes keys");
        let first = (std::fs::read(data.signing_key()).expect("reads"), password_of(&data, &ids));
        std::fs::remove_file(data.verifying_keys()).expect("removes");
        ensure_token_keys(&data, &ids).expect("keeps the key, writes its public half again");
        assert_eq!((std::fs::read(data.signing_key()).expect("reads"), password_of(&data, &ids)), first);
        assert!(data.verifying_keys().exists());
        assert_eq!(first.1.len(), 20);
    }

    fn password_of(data: &DataDir, ids: &IdSource) -> String {
        admin_password(data, ids).expect("a password")
    }
}
