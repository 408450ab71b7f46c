//! The gateway on real sockets, with replicas that answer, refuse, hang, drain and die.

mod accounts;
mod answers;
mod bodies;
mod control;
mod deadlines;
mod failures;
mod hang;
mod identity;
mod protocols;
mod rolling;
mod stage;
