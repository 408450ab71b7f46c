//! What a room may have besides seats.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One thing a room may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Equipment {
    /// A projector.
    Projector,
    /// A whiteboard.
    Whiteboard,
    /// Air conditioning.
    AirConditioning,
    /// A way in without steps.
    StepFree,
    /// Computers; every laboratory has them, and an adapted classroom gets them.
    Computers,
}

impl Equipment {
    /// Everything there is.
    pub const ALL: [Self; 5] =
        [Self::Projector, Self::Whiteboard, Self::AirConditioning, Self::StepFree, Self::Computers];

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of equipment, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct EquipmentSet(u8);

impl EquipmentSet {
    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// Bits that mean nothing are dropped.
    pub(crate) fn from_bits(bits: i64) -> Self {
        Equipment::ALL.into_iter().filter(|one| bits & i64::from(one.bit()) != 0).collect()
    }

    #[must_use]
    pub(crate) const fn without(self, one: Equipment) -> Self {
        Self(self.0 & !one.bit())
    }

    pub(crate) const fn covers(self, needed: Self) -> bool {
        self.0 & needed.0 == needed.0
    }

    pub(crate) fn list(self) -> Vec<Equipment> {
        Equipment::ALL.into_iter().filter(|one| self.0 & one.bit() != 0).collect()
    }
}

impl FromIterator<Equipment> for EquipmentSet {
    fn from_iter<I: IntoIterator<Item = Equipment>>(all: I) -> Self {
        Self(all.into_iter().fold(0, |bits, one| bits | one.bit()))
    }
}
