//! A faculty: between its programmes and the active server.
