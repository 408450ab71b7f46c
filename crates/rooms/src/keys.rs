//! CURVE keys as text files, and who is admitted by them.
//!
//! `NAME.pub` holds the public key in one line, `NAME.key` the public and then the secret key, each in Z85
//! (ZeroMQ RFC 32): 40 characters for 32 bytes. A folder of `*.pub` files is an **admission**: whoever proves that they
//! hold one of those keys is admitted, under the file's name.

mod admission;
mod campus;
mod pair;
mod roll;
mod z85;

pub use admission::Admission;
pub use campus::{Campus, ensure_campus};
pub use pair::{KeyError, KeyPair, NoKey, PublicKey, check_name, read_public};
pub use roll::Roll;
