//! What servers publish.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::core::Role;
use crate::wire::Frames;

/// The first frame of a heartbeat.
pub const TOPIC: &str = "HB";

/// A server says that it lives, and whether it leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Which server: its replica's name.
    pub server: String,
    /// The part it plays when both start together.
    #[serde(with = "role")]
    pub role: Role,
    /// Whether it leads.
    pub active: bool,
    /// The highest epoch it knows; its own while it leads.
    pub epoch: u64,
    /// Counts its heartbeats from 1.
    pub seq: u64,
    /// Where its ROUTER listens.
    pub endpoint: String,
}

impl Heartbeat {
    /// The two frames.
    #[must_use]
    pub fn frames(&self) -> Frames {
        vec![Bytes::from_static(TOPIC.as_bytes()), serde_json::to_vec(self).unwrap_or_default().into()]
    }

    /// Reads the two frames; `None` for anything else.
    #[must_use]
    pub fn read(frames: &[Bytes]) -> Option<Self> {
        let [topic, payload] = frames else { return None };
        (topic == TOPIC).then(|| serde_json::from_slice(payload).ok()).flatten()
    }
}

mod role {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::core::Role;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives references")]
    pub(super) fn serialize<S: Serializer>(role: &Role, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match role {
            Role::Primary => "primary",
            Role::Backup => "backup",
        })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Role, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "primary" => Ok(Role::Primary),
            "backup" => Ok(Role::Backup),
            other => Err(serde::de::Error::unknown_variant(other, &["primary", "backup"])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_is_two_frames_of_the_documented_form() {
        let heartbeat = Heartbeat {
            server: "rooms-server-1".to_owned(),
            role: Role::Primary,
            active: true,
            epoch: 3,
            seq: 9,
            endpoint: "tcp://127.0.0.1:5555".to_owned(),
        };
        let frames = heartbeat.frames();
        assert_eq!(&frames[0][..], b"HB");
        assert_eq!(
            &frames[1][..],
            br#"{"server":"rooms-server-1","role":"primary","active":true,"epoch":3,"seq":9,"endpoint":"tcp://127.0.0.1:5555"}"#
        );
        assert_eq!(Heartbeat::read(&frames), Some(heartbeat));
        assert_eq!(Heartbeat::read(&frames[1..]), None);
        assert_eq!(Heartbeat::read(&[frames[0].clone(), Bytes::from_static(b"{}")]), None);
    }
}
