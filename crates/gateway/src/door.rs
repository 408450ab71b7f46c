//! The public side: accepting connections, telling protocols apart, deadlines.

pub(crate) mod accept;
pub(crate) mod connection;
pub(crate) mod io;
pub(crate) mod tls;
pub(crate) mod watch;
pub(crate) mod workers;
