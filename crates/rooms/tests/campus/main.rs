//! Servers, faculties and programmes as processes of their own, over real sockets: CP1 to CP11.

mod attacks;
mod campus;
mod child;
mod cp;
mod failover;
mod input;
mod interop;
mod peer;
