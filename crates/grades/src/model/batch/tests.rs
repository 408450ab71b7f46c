use kernel::clock::ManualClock;
use kernel::id::IdSource;
use proptest::prelude::*;

use super::super::Semester;
use super::*;

fn records() -> impl Strategy<Value = Vec<Record>> {
    // Few students, courses and values, so that they meet.
    let record =
        (1..4_i64, 0..2_usize, 0..3_i64, 0..2_usize, any::<bool>()).prop_map(|(carnet, curso, nota, name, first)| {
            Record {
                carnet,
                nombre: ["Ana", "Eva"][name].to_owned(),
                curso: ["SO1", "BD1"][curso].to_owned(),
                nota: 50 + 10 * nota,
                semestre: if first { Semester::First } else { Semester::Second },
                year: 2023,
            }
        });
    proptest::collection::vec(record, 0..24)
}

fn lines(records: Vec<Record>) -> Vec<Line> {
    let ids = IdSource::seeded(Arc::new(ManualClock::at_micros(1)), 7);
    records.into_iter().map(|record| Line { id: ids.next(), record, by: "admin".into(), key: None }).collect()
}

/// What is known after `changes` were written.
fn written(mut known: Known, lines: &[Line], changes: &Changes) -> Known {
    for (place, nota) in &changes.created {
        let line = &lines[*place];
        let taken = known.grades.insert(line.record.slot(), Grade { id: line.id, nota: *nota });
        assert_eq!(taken, None, "a slot has one grade");
    }
    for grade in known.grades.values_mut() {
        if let Some(nota) = changes.corrected.get(&grade.id) {
            grade.nota = *nota;
        }
    }
    for (carnet, student) in &changes.new_students {
        assert_eq!(known.students.insert(*carnet, student.clone()), None, "it is new");
    }
    for (carnet, student) in &changes.changed_students {
        assert!(known.students.insert(*carnet, student.clone()).is_some(), "it was there");
    }
    known
}

fn flat(changes: &Changes) -> BTreeMap<(Class, i64), i64> {
    let each = |(class, tally): (&Class, &Tally)| {
        let class = class.clone();
        tally.clone().into_iter().map(move |(nota, by)| ((class.clone(), nota), by))
    };
    changes.tallies.iter().flat_map(each).collect()
}

proptest! {
    /// One transaction for all is the same as one for each, in their order.
    #[test]
    fn a_batch_comes_to_the_same_as_its_records_alone(before in records(), batch in records()) {
        let all = lines(before.into_iter().chain(batch).collect());
        let (first, second) = all.split_at(all.len() / 2);
        let (_, changes) = decide(Known::default(), first);
        let start = written(Known::default(), first, &changes);

        let (together, changes) = decide(start.clone(), second);
        let end = written(start.clone(), second, &changes);

        let mut one_by_one = start;
        let (mut alone, mut history, mut tallies) = (Vec::new(), Vec::new(), BTreeMap::new());
        for line in second {
            let line = std::slice::from_ref(line);
            let (outcome, changes) = decide(one_by_one.clone(), line);
            one_by_one = written(one_by_one, line, &changes);
            alone.extend(outcome);
            history.extend(changes.history);
            for (class, tally) in changes.tallies {
                for (nota, by) in tally {
                    *tallies.entry((class.clone(), nota)).or_insert(0) += by;
                }
            }
        }
        tallies.retain(|_, by| *by != 0);
        prop_assert_eq!(together, alone);
        prop_assert_eq!(end, one_by_one);
        prop_assert_eq!(&changes.history, &history);
        prop_assert_eq!(flat(&changes), tallies);
    }

    /// What is kept beside the grades equals what they say.
    #[test]
    fn sums_and_counts_are_those_of_the_grades(batch in records()) {
        let batch = lines(batch);
        let (_, changes) = decide(Known::default(), &batch);
        let end = written(Known::default(), &batch, &changes);
        for (carnet, student) in &end.students {
            let its: Vec<i64> =
                end.grades.iter().filter(|(slot, _)| slot.carnet == *carnet).map(|(_, grade)| grade.nota).collect();
            prop_assert_eq!(student.records, i64::try_from(its.len()).expect("few"));
            prop_assert_eq!(student.points, its.iter().sum::<i64>());
        }
        let mut counts = BTreeMap::new();
        for (slot, grade) in &end.grades {
            *counts.entry((slot.class.clone(), grade.nota)).or_insert(0) += 1;
        }
        prop_assert_eq!(flat(&changes), counts);
    }

    /// Sent again as it is, a record changes nothing.
    #[test]
    fn a_repeat_of_the_last_records_changes_nothing(batch in records()) {
        let batch = lines(batch);
        let (_, changes) = decide(Known::default(), &batch);
        let end = written(Known::default(), &batch, &changes);
        let mut last: BTreeMap<Slot, Line> = BTreeMap::new();
        for line in batch {
            last.insert(line.record.slot(), line);
        }
        let again: Vec<Line> = last
            .into_values()
            .map(|mut line| {
                line.record.nombre.clone_from(&end.students[&line.record.carnet].nombre);
                line
            })
            .collect();
        let (outcomes, changes) = decide(end, &again);
        prop_assert!(outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Replayed));
        prop_assert!(changes.is_empty());
    }
}

#[test]
fn the_better_average_stands_first_then_more_grades() {
    let student = |records, points| Student { nombre: String::new(), records, points };
    let order = [student(20, 2000), student(1, 100), student(3, 299), student(2, 199), student(1, 99), student(1, 0)];
    let standings: Vec<i64> = order.iter().map(Student::standing).collect();
    assert!(standings.is_sorted_by(|left, right| left < right), "{standings:?}");
}
