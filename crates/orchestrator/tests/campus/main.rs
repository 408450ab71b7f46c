//! The orchestrator with real processes. The replicas, and the orchestrators that are to be killed, are this very
//! executable, started again through a script that turns the command line of a replica into a variable.

mod adoption;
mod harness;
mod lifecycle;
mod replica;
mod rollout;
