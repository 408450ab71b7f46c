//! The invariants.

use std::collections::{BTreeMap, BTreeSet};

use super::world::World;
use crate::model::{State, Status};

/// What must hold at every moment.
pub(super) fn check(world: &World) -> Result<(), String> {
    no_room_is_in_two_live_allocations(world)?;
    one_record_a_key(world)?;
    one_final_result_a_key(world)?;
    nothing_confirmed_is_lost(world)?;
    epochs_never_fall(world)?;
    one_committing_leader_an_epoch(world)
}

/// What must be so once everything healed: nobody waits for an answer that never comes.
pub(super) fn progress(world: &World) -> Result<(), String> {
    for client in &world.clients {
        let served = !client.told.is_empty() || client.asked.wait;
        if !served {
            return Err(format!("{} was never answered", client.asked.request_id));
        }
    }
    Ok(())
}

/// Also: reserved and confirmed rooms together are no more than there are.
fn no_room_is_in_two_live_allocations(world: &World) -> Result<(), String> {
    let mut holders = BTreeMap::new();
    for record in world.store.records.values().filter(|record| record.state.occupies()) {
        let rooms: BTreeSet<_> = record.allocation.all().collect();
        let wanted = (record.wish.classrooms + record.wish.labs) as usize;
        if rooms.len() != wanted || record.allocation.all().count() != wanted {
            return Err(format!("{} has not what it asked for, or a room twice: {rooms:?}", record.request_id));
        }
        for room in rooms {
            if world.inventory.place(room).is_none() {
                return Err(format!("there is no room {room}"));
            }
            if let Some(other) = holders.insert((&record.semester, room), &record.request_id) {
                return Err(format!(
                    "{room} of {} is in two allocations: {other} and {}",
                    record.semester, record.request_id
                ));
            }
        }
    }
    Ok(())
}

fn one_record_a_key(world: &World) -> Result<(), String> {
    match world.by_key().into_iter().find(|(_, ids)| ids.len() > 1) {
        Some((key, ids)) => Err(format!("{key:?} was taken for {} requests", ids.len())),
        None => Ok(()),
    }
}

fn one_final_result_a_key(world: &World) -> Result<(), String> {
    for client in &world.clients {
        let told: BTreeSet<_> = client.told.iter().map(|told| format!("{:?} {:?}", told.status, told.reason)).collect();
        if told.len() > 1 {
            return Err(format!("{} was told {told:?}", client.asked.request_id));
        }
        let rooms: BTreeSet<_> =
            client.told.iter().map(|told| (&told.classrooms, &told.labs, &told.mobile_labs)).collect();
        if rooms.len() > 1 {
            return Err(format!("{} was told of rooms {rooms:?}", client.asked.request_id));
        }
    }
    Ok(())
}

fn nothing_confirmed_is_lost(world: &World) -> Result<(), String> {
    for (id, state) in &world.store.history {
        let now = world.store.records.get(id).map(|record| record.state);
        if *state == State::Accepted && !matches!(now, Some(State::Accepted | State::Released)) {
            return Err(format!("{id} was accepted and is {now:?}"));
        }
    }
    for client in &world.clients {
        let accepted = client.told.iter().find(|told| told.status == Status::Accepted);
        let Some(transaction) = accepted.and_then(|told| told.transaction_id.as_deref()) else { continue };
        let kept = world.store.records.values().find(|record| record.id.to_string() == transaction);
        if !kept.is_some_and(|record| matches!(record.state, State::Accepted | State::Released)) {
            return Err(format!("{} was told ACCEPTED, and it is not so", client.asked.request_id));
        }
    }
    Ok(())
}

fn epochs_never_fall(world: &World) -> Result<(), String> {
    let commits = world.store.commits.windows(2).all(|pair| pair[0].0 <= pair[1].0);
    let seen = world.epochs.is_sorted();
    if commits && seen { Ok(()) } else { Err(format!("epochs fell: {:?}", world.store.commits)) }
}

fn one_committing_leader_an_epoch(world: &World) -> Result<(), String> {
    let mut leaders = BTreeMap::new();
    for (epoch, server) in &world.store.commits {
        if *leaders.entry(*epoch).or_insert(*server) != *server {
            return Err(format!("two servers committed under epoch {epoch}"));
        }
    }
    Ok(())
}
