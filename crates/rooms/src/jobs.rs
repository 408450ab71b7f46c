//! What runs besides.

pub(crate) mod announce;
pub(crate) mod record;
pub(crate) mod sweep;
