//! What runs beside the requests. Each loop splits what it does (`once`, tested) from when (`run`).

pub(crate) mod collect_uses;
pub(crate) mod publish;
pub(crate) mod sweep;
