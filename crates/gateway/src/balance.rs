//! Which replica gets a request: power of two choices over peak EWMA, slow start, ejection, budgets.

pub(crate) mod budget;
pub(crate) mod cluster;
pub(crate) mod ewma;
pub(crate) mod health;
pub(crate) mod latency;
pub(crate) mod replica;
pub(crate) mod rng;
