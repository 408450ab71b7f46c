//! What a batch of records comes to, given what is known of their students: the same as if each came alone, in order.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kernel::id::Id;

use super::{Class, Outcome, Record, RepeatKey, Slot};

/// A student, with what the statistics need of all grades.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Student {
    pub(crate) nombre: String,
    /// Grades.
    pub(crate) records: i64,
    /// Their sum.
    pub(crate) points: i64,
}

impl Student {
    /// What students are ordered by, the best first: the average, then the number of grades. One integer, so that an index
    /// holds the order; averages are told apart to a millionth.
    pub(crate) fn standing(&self) -> i64 {
        let average = self.points.saturating_mul(1_000_000) / self.records.max(1);
        -(average * 10_000 + self.records.min(9_999))
    }
}

/// Grades by their value.
pub(crate) type Tally = BTreeMap<i64, i64>;

/// A grade that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grade {
    pub(crate) id: Id,
    pub(crate) nota: i64,
}

/// What is known of the students of a batch: all of each, or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) students: HashMap<i64, Student>,
    pub(crate) grades: HashMap<Slot, Grade>,
}

/// A record of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// The id of the grade if it is new, and of the line of history if it is a correction.
    pub(crate) id: Id,
    pub(crate) record: Record,
    pub(crate) by: Arc<str>,
    pub(crate) key: Option<RepeatKey>,
}

/// A grade that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replaced {
    pub(crate) id: Id,
    pub(crate) grade: Id,
    /// The grade that it was.
    pub(crate) nota: i64,
    pub(crate) by: Arc<str>,
}

/// What is to be written for a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// The place of each new grade's line in the batch, and what the grade is at its end.
    pub(crate) created: Vec<(usize, i64)>,
    /// Grades of before, and what they are now.
    pub(crate) corrected: BTreeMap<Id, i64>,
    pub(crate) history: Vec<Replaced>,
    pub(crate) new_students: BTreeMap<i64, Student>,
    pub(crate) changed_students: BTreeMap<i64, Student>,
    /// How many grades of each value a class has more (or fewer).
    pub(crate) tallies: BTreeMap<Class, Tally>,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self == &Self::default()
    }
}

/// Decides a batch: one outcome and the id of the grade for each line, in their order.
pub(crate) fn decide(mut known: Known, lines: &[Line]) -> (Vec<(Id, Outcome)>, Changes) {
    let mut changes = Changes::default();
    // The id of a new grade → its place in `created`.
    let mut born: HashMap<Id, usize> = HashMap::new();
    let mut outcomes = Vec::with_capacity(lines.len());
    let before = known.students.clone();
    for (place, line) in lines.iter().enumerate() {
        let Record { carnet, nombre, nota, .. } = &line.record;
        let unknown = || Student { nombre: String::new(), records: 0, points: 0 };
        let student = known.students.entry(*carnet).or_insert_with(unknown);
        student.nombre.clone_from(nombre);
        let tally = changes.tallies.entry(line.record.class()).or_default();
        let mut count = |nota: i64, by: i64| *tally.entry(nota).or_default() += by;
        let outcome = match known.grades.get_mut(&line.record.slot()) {
            Some(grade) if grade.nota == *nota => (grade.id, Outcome::Replayed),
            Some(grade) => {
                count(grade.nota, -1);
                count(*nota, 1);
                student.points += nota - grade.nota;
                changes.history.push(Replaced {
                    id: line.id,
                    grade: grade.id,
                    nota: grade.nota,
                    by: Arc::clone(&line.by),
                });
                grade.nota = *nota;
                match born.get(&grade.id) {
                    Some(&new) => changes.created[new].1 = *nota,
                    None => {
                        changes.corrected.insert(grade.id, *nota);
                    }
                }
                (grade.id, Outcome::Corrected)
            }
            None => {
                count(*nota, 1);
                student.records += 1;
                student.points += nota;
                born.insert(line.id, changes.created.len());
                changes.created.push((place, *nota));
                known.grades.insert(line.record.slot(), Grade { id: line.id, nota: *nota });
                (line.id, Outcome::Created)
            }
        };
        outcomes.push(outcome);
    }
    changes.tallies.retain(|_, tally| {
        tally.retain(|_, by| *by != 0);
        !tally.is_empty()
    });
    for (carnet, student) in known.students {
        match before.get(&carnet) {
            Some(was) if *was == student => {}
            Some(_) => {
                changes.changed_students.insert(carnet, student);
            }
            None => {
                changes.new_students.insert(carnet, student);
            }
        }
    }
    (outcomes, changes)
}

#[cfg(test)]
mod tests;
