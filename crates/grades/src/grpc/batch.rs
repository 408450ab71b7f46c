//! Records that travel together.

use std::collections::HashMap;

use tokio::sync::oneshot;

use super::convert::{failure, nonsense};
use super::messages::{self, Answer, answer};
use crate::failure::Failure;
use crate::model::{Stored, Submission};

/// A record whose sender waits.
pub(super) struct Waiting {
    pub(super) submission: Submission,
    pub(super) answer: oneshot::Sender<Result<Stored, Failure>>,
}

/// What is sent for `waiting`. Each token goes once, however many records came with it.
pub(super) fn encode(waiting: &[Waiting]) -> messages::Batch {
    let mut places: HashMap<&str, u32> = HashMap::new();
    let mut tokens = Vec::new();
    let submissions = waiting
        .iter()
        .map(|Waiting { submission, .. }| {
            let token = submission.token.expose();
            let place = *places.entry(token).or_insert_with(|| {
                tokens.push(token.to_string());
                u32::try_from(tokens.len() - 1).unwrap_or(u32::MAX)
            });
            messages::Submission {
                grade: Some(submission.record.clone().into()),
                token: place,
                key: submission.key.clone().map(Into::into),
            }
        })
        .collect();
    messages::Batch { tokens, submissions }
}

/// Gives everybody their answer.
pub(super) fn settle(waiting: Vec<Waiting>, answers: Vec<Answer>) {
    if answers.len() != waiting.len() {
        return fail(waiting, &nonsense("not one for each record"));
    }
    for (one, answer) in waiting.into_iter().zip(answers) {
        // Whoever left does not want to know.
        drop(one.answer.send(outcome(answer)));
    }
}

/// Tells everybody the same.
pub(super) fn fail(waiting: Vec<Waiting>, failure: &Failure) {
    for one in waiting {
        drop(one.answer.send(Err(failure.clone())));
    }
}

fn outcome(answer: Answer) -> Result<Stored, Failure> {
    match answer.answer {
        Some(answer::Answer::Kept(kept)) => kept.try_into(),
        Some(answer::Answer::Refusal(refusal)) => Err(failure(refusal)),
        None => Err(nonsense("an empty one")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::secret::Secret;

    use super::*;
    use crate::model::{Record, Semester};

    fn waiting(carnet: i64, token: &str) -> (Waiting, oneshot::Receiver<Result<Stored, Failure>>) {
        let record = Record {
            carnet,
            nombre: "Alumno".to_owned(),
            curso: "SO1".to_owned(),
            nota: 90,
            semestre: Semester::First,
            year: 2023,
        };
        let submission = Submission { record, by: Arc::from("ana"), token: Secret::new(Arc::from(token)), key: None };
        let (answer, answered) = oneshot::channel();
        (Waiting { submission, answer }, answered)
    }

    #[test]
    fn a_token_travels_once() {
        let waiting: Vec<Waiting> =
            [(1, "a"), (2, "b"), (3, "a")].map(|(carnet, token)| waiting(carnet, token).0).into();
        let batch = encode(&waiting);
        assert_eq!(batch.tokens, ["a", "b"]);
        let places: Vec<_> = batch.submissions.iter().map(|one| (one.token, one.grade.clone())).collect();
        assert_eq!(places.iter().map(|(token, _)| *token).collect::<Vec<_>>(), [0, 1, 0]);
        let carnets = places.iter().filter_map(|(_, grade)| grade.as_ref()?.carnet);
        assert_eq!(carnets.collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn each_gets_its_own_answer_and_too_few_answers_are_nobodys() {
        let id = "00000000000000000000000001";
        let kept = messages::Kept {
            id: id.to_owned(),
            outcome: messages::Outcome::Created.into(),
            route: "grpc".to_owned(),
            ..messages::Kept::default()
        };
        let refusal = messages::Refusal { reason: messages::Reason::Busy.into(), ..messages::Refusal::default() };
        let answers = vec![
            Answer { answer: Some(answer::Answer::Kept(kept)) },
            Answer { answer: Some(answer::Answer::Refusal(refusal)) },
        ];
        let ((first, mut hears_first), (second, mut hears_second)) = (waiting(1, "a"), waiting(2, "a"));
        settle(vec![first, second], answers.clone());
        assert_eq!(hears_first.try_recv().expect("an answer").expect("kept").id.to_string(), id);
        assert!(matches!(hears_second.try_recv().expect("an answer"), Err(Failure::Busy)));
        let (alone, mut hears) = waiting(3, "a");
        settle(vec![alone], answers);
        assert!(matches!(hears.try_recv().expect("an answer"), Err(Failure::Store(_))));
    }
}
