#![doc = include_str!("../README.md")]

mod adopt;
mod autoscale;
mod backoff;
mod campus;
mod control;
mod doors;
mod down;
mod gateways;
mod launch;
mod name;
mod probe;
mod proc;
mod process;
mod record;
mod rollout;
mod roster;
mod sample;
mod supervise;
mod supervisor;

pub use campus::{BuildError, Campus, Deps, View};
pub use down::down_without_orchestrator;
pub use launch::Launch;
pub use roster::all_ready;
