//! The kernel's contract suites on every adapter, the fault-injecting ones included.

mod blobs;
mod live;
