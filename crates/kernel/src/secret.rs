//! Values that must not be printed.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A value that neither `Debug` nor logs can show. `Serialize` writes stars, so a printed configuration is safe.
#[derive(Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transparent)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps `value`.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself: the name is long so that a reviewer sees it.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T> Serialize for Secret<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

/// Shows a URL that holds no credentials, stars for one that does: for `#[serde(serialize_with)]`.
///
/// # Errors
/// Those of the serialiser.
pub fn serialize_url<S: serde::Serializer>(url: &Secret<String>, serializer: S) -> Result<S::Ok, S::Error> {
    if url.expose().contains('@') { url.serialize(serializer) } else { serializer.serialize_str(url.expose()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(serde_json::to_string(&secret).expect("serialises"), "\"***\"");
        assert_eq!(secret.expose(), "hunter2");
    }
}
