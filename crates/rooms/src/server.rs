//! The sockets of a server.
