//! The rooms there are, the same in every semester.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Equipment, EquipmentSet, RoomName};

/// What a room was built as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `S-001` and so on.
    Classroom,
    /// `L-01` and so on.
    Lab,
}

/// One room.
#[derive(Debug, Clone)]
pub struct Room {
    /// Its name.
    pub name: RoomName,
    /// What it was built as.
    pub kind: Kind,
    /// Where it is.
    pub building: &'static str,
    /// Its seats.
    pub capacity: u32,
    pub(crate) equipment: EquipmentSet,
}

impl Room {
    /// What it has besides seats.
    #[must_use]
    pub fn equipment(&self) -> Vec<Equipment> {
        self.equipment.list()
    }
}

/// Every room; a room's place is its index.
#[derive(Debug)]
pub struct Inventory {
    rooms: Vec<Room>,
    classrooms: usize,
    /// Places of each kind, smallest room first: the order in which least is wasted.
    by_capacity: [Vec<u16>; 2],
}

const BUILDINGS: [&str; 8] = ["T-1", "T-3", "T-5", "S-3", "S-9", "S-11", "S-12", "M-2"];
/// How rooms of real campuses are distributed: many of 40, few halls.
const CLASSROOM_SEATS: [u32; 12] = [25, 30, 30, 35, 40, 40, 40, 45, 50, 60, 80, 120];
const LAB_SEATS: [u32; 6] = [20, 24, 25, 30, 30, 40];

impl Inventory {
    /// The reference campus, or one of another size: always the same rooms for the same numbers, so that every server
    /// knows them without asking.
    #[must_use]
    pub fn seeded(classrooms: u32, labs: u32) -> Self {
        let made = |kind: Kind, number: u32| {
            let draw = scramble(u64::from(number) << 1 | u64::from(kind == Kind::Lab));
            let pick = |shift: u32, of: usize| usize::try_from((draw >> shift) & 0xffff).unwrap_or(0) % of;
            let chance = |shift: u32, percent: usize| pick(shift, 100) < percent;
            let has = [
                (Equipment::Projector, kind == Kind::Lab || chance(16, 60)),
                (Equipment::Whiteboard, chance(24, 85)),
                (Equipment::AirConditioning, kind == Kind::Lab || chance(32, 15)),
                (Equipment::StepFree, chance(40, 50)),
                (Equipment::Computers, kind == Kind::Lab),
            ];
            let (name, capacity) = match kind {
                Kind::Classroom => (format!("S-{number:03}"), CLASSROOM_SEATS[pick(0, CLASSROOM_SEATS.len())]),
                Kind::Lab => (format!("L-{number:02}"), LAB_SEATS[pick(0, LAB_SEATS.len())]),
            };
            let building = BUILDINGS[pick(48, BUILDINGS.len())];
            let equipment = has.into_iter().filter_map(|(one, there)| there.then_some(one)).collect();
            Room { name: name.into(), kind, building, capacity, equipment }
        };
        let rooms = (1..=classrooms).map(|number| made(Kind::Classroom, number));
        Self::of(rooms.chain((1..=labs).map(|number| made(Kind::Lab, number))).collect())
    }

    /// These rooms, classrooms first, each kind numbered from 1 without gaps.
    fn of(rooms: Vec<Room>) -> Self {
        let classrooms = rooms.iter().take_while(|room| room.kind == Kind::Classroom).count();
        let sorted = |kind: Kind| {
            let mut places: Vec<u16> =
                (0..=u16::MAX).zip(&rooms).filter(|(_, room)| room.kind == kind).map(|(place, _)| place).collect();
            // Between equal rooms the plainer one goes first, so that the better equipped stays for who needs it.
            places.sort_by_key(|place| {
                let room = &rooms[usize::from(*place)];
                (room.capacity, room.equipment.bits().count_ones(), *place)
            });
            places
        };
        let by_capacity = [sorted(Kind::Classroom), sorted(Kind::Lab)];
        Self { rooms, classrooms, by_capacity }
    }

    /// Every room, classrooms first.
    #[must_use]
    pub fn rooms(&self) -> &[Room] {
        &self.rooms
    }

    pub(crate) fn smallest_first(&self, kind: Kind) -> &[u16] {
        &self.by_capacity[usize::from(kind == Kind::Lab)]
    }

    pub(crate) fn room(&self, place: u16) -> &Room {
        &self.rooms[usize::from(place)]
    }

    /// Where a room of that name is; `None` if there is none any more.
    pub(crate) fn place(&self, name: &str) -> Option<u16> {
        let (kind, number) = name.split_once('-')?;
        let number = number.parse::<usize>().ok()?.checked_sub(1)?;
        let place = if kind == "S" { number } else { number + self.classrooms };
        self.rooms.get(place).filter(|room| &*room.name == name)?;
        u16::try_from(place).ok()
    }
}

/// Spreads consecutive numbers over all 64 bits (the finaliser of `SplitMix64`, Steele et al. 2014).
const fn scramble(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_campus_is_plausible_and_always_the_same() {
        let (one, other) = (Inventory::seeded(380, 60), Inventory::seeded(380, 60));
        assert_eq!(one.rooms().len(), 440);
        assert_eq!((&*one.rooms()[0].name, &*one.rooms()[379].name), ("S-001", "S-380"));
        assert_eq!((&*one.rooms()[380].name, &*one.rooms()[439].name), ("L-01", "L-60"));
        for (place, (left, right)) in (0_u16..).zip(one.rooms().iter().zip(other.rooms())) {
            assert_eq!(
                (left.capacity, left.building, left.equipment),
                (right.capacity, right.building, right.equipment)
            );
            assert_eq!(one.place(&left.name), Some(place));
        }
        for kind in [Kind::Classroom, Kind::Lab] {
            let seats: Vec<u32> = one.smallest_first(kind).iter().map(|place| one.room(*place).capacity).collect();
            assert!(seats.is_sorted() && seats.first() < seats.last(), "{kind:?}: {seats:?}");
        }
        let buildings: std::collections::BTreeSet<_> = one.rooms().iter().map(|room| room.building).collect();
        assert_eq!(buildings.len(), BUILDINGS.len());
        assert_eq!(
            (one.place("S-381"), one.place("L-1"), one.place("X"), one.place("S-000")),
            (None, None, None, None)
        );
    }
}
