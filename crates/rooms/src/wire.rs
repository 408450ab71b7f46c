//! ZeroMQ: the only module that names its crate.
