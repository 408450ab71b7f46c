//! A programme: asks its faculty for rooms.
