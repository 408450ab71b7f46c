//! Route 1 between its two roles, and the figures both routes feed.

mod figures;
mod hops;
mod stage;
