//! The live figures: what is told of grades while they come in. All of it may be lost and comes back by itself.

mod feeder;
mod histogram;
mod meter;
mod report;

pub use feeder::{Feed, Feeder};
pub use meter::{Meter, Metered, Timed, Verdict};
pub use report::{LiveRoute, Reporter, by_route};
