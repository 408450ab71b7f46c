//! Choosing rooms: all or nothing, with as few wasted seats as can be.

use super::{Equipment, EquipmentSet, Inventory, Kind, RoomName, Rooms};

/// What is wished for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) classrooms: u32,
    pub(crate) labs: u32,
    /// Fewest seats of each.
    pub(crate) minimum_capacity: u32,
    /// What each must have.
    pub(crate) equipment: EquipmentSet,
}

/// Rooms that were chosen: three disjoint lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Allocation {
    pub(crate) classrooms: Rooms,
    pub(crate) labs: Rooms,
    /// Classrooms adapted as laboratories.
    pub(crate) mobile_labs: Rooms,
}

impl Allocation {
    pub(crate) fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &RoomName> {
        self.classrooms.iter().chain(&*self.labs).chain(&*self.mobile_labs)
    }
}

/// Chooses among the rooms that `is_free` lets through; `None` if they do not suffice.
///
/// Each kind is taken smallest first among the rooms that fit, which wastes the fewest seats: exchanging any chosen room
/// for another that fits cannot lower the sum. Laboratories come before adapted classrooms, which need no computers of
/// their own.
pub(crate) fn choose(inventory: &Inventory, wish: Wish, is_free: impl Fn(u16) -> bool) -> Option<Allocation> {
    let fitting = |kind: Kind, equipment: EquipmentSet| {
        let is_free = &is_free;
        inventory.smallest_first(kind).iter().copied().filter(move |place| {
            let room = inventory.room(*place);
            is_free(*place) && room.capacity >= wish.minimum_capacity && room.equipment.covers(equipment)
        })
    };
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let labs: Vec<u16> = fitting(Kind::Lab, wish.equipment).take(count(wish.labs)).collect();
    let classrooms: Vec<u16> = fitting(Kind::Classroom, wish.equipment).take(count(wish.classrooms)).collect();
    let adapted = count(wish.labs) - labs.len();
    let mobile: Vec<u16> = fitting(Kind::Classroom, wish.equipment.without(Equipment::Computers))
        .filter(|place| !classrooms.contains(place))
        .take(adapted)
        .collect();
    if classrooms.len() < count(wish.classrooms) || mobile.len() < adapted {
        return None;
    }
    let names = |places: Vec<u16>| {
        let mut places = places;
        places.sort_unstable();
        places.into_iter().map(|place| inventory.room(place).name.clone()).collect()
    };
    Some(Allocation { classrooms: names(classrooms), labs: names(labs), mobile_labs: names(mobile) })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn seats(inventory: &Inventory, names: &[RoomName]) -> u32 {
        names.iter().filter_map(|name| inventory.place(name)).map(|place| inventory.room(place).capacity).sum()
    }

    /// The fewest seats that `number` of these rooms have together, by trying every subset.
    fn fewest(capacities: &[u32], number: usize) -> Option<u32> {
        (0_u32..1 << capacities.len())
            .filter(|subset| subset.count_ones() as usize == number)
            .map(|subset| {
                let member = |place: usize| subset >> place & 1 == 1;
                (0..capacities.len()).filter(|place| member(*place)).map(|place| capacities[place]).sum()
            })
            .min()
    }

    proptest! {
        #[test]
        fn what_is_chosen_is_free_fits_is_whole_disjoint_and_wastes_least(
            classrooms in 0_u32..5, labs in 0_u32..5, minimum_capacity in prop_oneof![Just(0_u32), 20_u32..50],
            bits in prop_oneof![Just(0_i64), 0_i64..32], taken in proptest::collection::btree_set(0_u16..14, 0..14),
        ) {
            let inventory = Inventory::seeded(9, 5);
            let equipment = EquipmentSet::from_bits(bits);
            let wish = Wish { classrooms, labs, minimum_capacity, equipment };
            let found = choose(&inventory, wish, |place| !taken.contains(&place));
            let free = |kind: Kind, needed: EquipmentSet| -> Vec<u32> {
                (0_u16..14).filter(|place| !taken.contains(place)).map(|place| inventory.room(place))
                    .filter(|room| room.kind == kind && room.capacity >= minimum_capacity && room.equipment.covers(needed))
                    .map(|room| room.capacity).collect()
            };
            let of_labs = free(Kind::Lab, equipment);
            let of_classrooms = free(Kind::Classroom, equipment);
            let own = of_labs.len().min(labs as usize);
            match found {
                None => {
                    let adaptable = free(Kind::Classroom, equipment.without(Equipment::Computers)).len();
                    let lacking = labs as usize - own;
                    prop_assert!(
                        of_classrooms.len() < classrooms as usize || adaptable < classrooms as usize + lacking,
                        "it was denied although the rooms were there"
                    );
                }
                Some(chosen) => {
                    let names: BTreeSet<_> = chosen.all().cloned().collect();
                    prop_assert_eq!(names.len(), (classrooms + labs) as usize, "whole and disjoint");
                    prop_assert_eq!(chosen.classrooms.len(), classrooms as usize);
                    prop_assert_eq!(chosen.labs.len(), own, "laboratories before adapted classrooms");
                    prop_assert_eq!(chosen.mobile_labs.len(), labs as usize - own);
                    for name in &names {
                        let place = inventory.place(name).expect("a room");
                        prop_assert!(!taken.contains(&place), "{} is taken", name);
                        prop_assert!(inventory.room(place).capacity >= minimum_capacity);
                    }
                    prop_assert_eq!(Some(seats(&inventory, &chosen.labs)), fewest(&of_labs, own));
                    prop_assert_eq!(Some(seats(&inventory, &chosen.classrooms)), fewest(&of_classrooms, classrooms as usize));
                }
            }
        }
    }

    #[test]
    fn table_3s_loads_come_out_as_the_document_says() {
        let inventory = Inventory::seeded(380, 60);
        let run = |programs: u32, classrooms: u32, labs: u32| {
            let mut taken = BTreeSet::new();
            let (mut served, mut mobile) = (0, 0);
            for _ in 0..programs {
                let wish = Wish { classrooms, labs, minimum_capacity: 0, equipment: EquipmentSet::default() };
                if let Some(chosen) = choose(&inventory, wish, |place| !taken.contains(&place)) {
                    served += 1;
                    mobile += chosen.mobile_labs.len();
                    taken.extend(chosen.all().filter_map(|name| inventory.place(name)));
                }
            }
            (served, mobile)
        };
        assert_eq!(run(25, 7, 2), (25, 0));
        assert_eq!(run(25, 10, 4), (25, 40));
        let (served, _) = run(50, 10, 4);
        assert_eq!(served, 31, "440 rooms are 31 times 14 and six more");
    }
}
