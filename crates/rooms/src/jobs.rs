//! What runs besides.

pub(crate) mod announce;
pub(crate) mod history;
pub(crate) mod members;
pub(crate) mod record;
pub(crate) mod sweep;
