//! The vault from outside: whole trees through whole repositories, cut, damaged, read by strangers.

#![expect(clippy::unwrap_used, reason = "tests")]

mod blobs;
mod crash;
mod damage;
mod fuzz;
mod golden;
mod readers;
mod round_trip;
mod tree;
