//! Schedules of everything that can go wrong, by the thousand: the same [`Ledger`] and the same transaction as the leader
//! runs, on a store that is only a map, between servers that pause, crash and are cut off, and messages that are lost,
//! doubled, delayed and overtaken. After every step the invariants are checked.
//!
//! Each mechanism is also taken away, in the store of this simulation only, to see that it is what holds.

mod checks;
mod store;
mod world;

use store::Broken;
use testkit::figures;
use world::World;

const SCHEDULES: u64 = 10_000;
const STEPS: u32 = 120;
const THREADS: usize = 4;

/// Runs one schedule; `Err` says which invariant broke.
fn run(seed: u64, broken: Broken) -> Result<(), String> {
    let mut world = World::new(seed, broken);
    for step in 0..STEPS {
        world.step();
        checks::check(&world).map_err(|broken| format!("seed {seed}, step {step}: {broken}"))?;
    }
    world.settle();
    checks::check(&world).map_err(|broken| format!("seed {seed}, at the end: {broken}"))?;
    checks::progress(&world).map_err(|broken| format!("seed {seed}, at the end: {broken}"))
}

#[test]
fn every_invariant_holds_in_ten_thousand_schedules() {
    let share = |first: u64| -> Vec<String> {
        (first..SCHEDULES).step_by(THREADS).filter_map(|seed| run(seed, Broken::default()).err()).collect()
    };
    let failures: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..).take(THREADS).map(|first| scope.spawn(move || share(first))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("runs")).collect()
    });
    assert_eq!(failures, Vec::<String>::new());
    let line = format!("{SCHEDULES} schedules of {STEPS} steps: every invariant held after every step");
    figures::report("rooms-simulation", &[line]);
}

/// How many of the first schedules break without a mechanism.
fn broken_without(broken: Broken) -> Vec<String> {
    (0..500).filter_map(|seed| run(seed, broken).err()).collect()
}

#[test]
fn without_the_epoch_check_it_fails() {
    let failures = broken_without(Broken { epoch: true, ..Broken::default() });
    let twice = failures.iter().filter(|failure| failure.contains("in two allocations")).count();
    assert!(twice > 0, "a stale leader must give rooms away twice, or the check would be of no use: {failures:?}");
    let line = format!("{} of 500 schedules break, in {twice} of them a room is given twice", failures.len());
    figures::report("rooms-simulation-without-epoch", &[line]);
}

#[test]
fn without_the_idempotency_key_it_fails() {
    let failures = broken_without(Broken { key: true, ..Broken::default() });
    assert!(!failures.is_empty(), "a repeat must do harm, or the key would be of no use");
    let line = format!("{} of 500 schedules break, such as {}", failures.len(), failures[0]);
    figures::report("rooms-simulation-without-key", &[line]);
}
