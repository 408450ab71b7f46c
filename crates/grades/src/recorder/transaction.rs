//! What happens to a batch inside its transaction.

use std::collections::HashMap;

use kernel::error::Kind;
use kernel::id::Id;
use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};
use store::idempotency::{self, Answer, Seen};
use store::{StoreError, outbox};

use crate::failure::Failure;
use crate::model::batch::{Changes, Line, decide};
use crate::model::{Outcome, Route, Stored};
use crate::store::batch::{self, Stamp};

/// One answer for each record of a batch, in their order.
pub(super) type Answers = Vec<Result<Stored, Failure>>;

/// Records that are committed together, under one id.
pub(super) struct Batch {
    pub(super) id: Id,
    pub(super) lines: Vec<Line>,
}

/// What a key keeps of the first answer.
#[derive(Serialize, Deserialize)]
struct Remembered {
    id: Id,
    outcome: Outcome,
    route: Route,
}

/// The topic of the outbox's messages.
const TOPIC: &str = "grades";

/// A message of the outbox: what one commit did. The figures themselves are in SQL.
#[derive(Serialize)]
struct Told {
    created: usize,
    corrected: usize,
}

/// What becomes of a record before it is looked at.
enum Fate {
    /// It is decided with the others.
    Decided,
    /// Its key was answered before, or used for something else.
    Answered(Result<Stored, Failure>),
    /// It repeats the one at this place of the batch.
    Repeats(usize),
}

/// Does what the batch asks. `before` is what an earlier attempt came to; it counts if that attempt was committed after all.
pub(super) async fn settle(
    transaction: &DatabaseTransaction,
    batch: &Batch,
    stamp: Stamp,
    before: Option<Answers>,
) -> Result<Answers, StoreError> {
    if !batch::begin(transaction, stamp.shard, batch.id).await?
        && let Some(answers) = before
    {
        return Ok(answers);
    }
    let fates = fates(transaction, &batch.lines).await?;
    let (places, lines): (Vec<usize>, Vec<Line>) = batch
        .lines
        .iter()
        .enumerate()
        .filter(|(place, _)| matches!(fates[*place], Fate::Decided))
        .map(|(place, line)| (place, line.clone()))
        .unzip();
    let known = batch::known(transaction, lines.iter().map(|line| line.record.carnet)).await?;
    let (outcomes, changes) = decide(known, &lines);
    if !changes.is_empty() {
        batch::write(transaction, &lines, &changes, stamp).await?;
        tell(transaction, batch.id, &changes, stamp).await?;
    }
    let mut decided: HashMap<usize, Stored> = HashMap::with_capacity(places.len());
    for (place, (id, outcome)) in places.into_iter().zip(outcomes) {
        let stored = Stored { id, outcome, route: stamp.route, repeated: false };
        remember(transaction, &batch.lines[place], stored, stamp).await?;
        decided.insert(place, stored);
    }
    let lost = || Failure::Store(StoreError::bare(Kind::Internal, "batch: a record without an answer"));
    let answer = |place: usize| decided.get(&place).copied().ok_or_else(lost);
    Ok(fates
        .into_iter()
        .enumerate()
        .map(|(place, fate)| match fate {
            Fate::Decided => answer(place),
            Fate::Answered(answered) => answered,
            Fate::Repeats(first) => answer(first).map(|stored| Stored { repeated: true, ..stored }),
        })
        .collect())
}

async fn fates(transaction: &DatabaseTransaction, lines: &[Line]) -> Result<Vec<Fate>, StoreError> {
    let mut fates = Vec::with_capacity(lines.len());
    let mut first: HashMap<(&str, &str), usize> = HashMap::new();
    for (place, line) in lines.iter().enumerate() {
        let Some(key) = &line.key else {
            fates.push(Fate::Decided);
            continue;
        };
        if let Some(&earlier) = first.get(&(key.scope.as_str(), key.key.as_str())) {
            let same = lines[earlier].key.as_ref().is_some_and(|known| known.digest == key.digest);
            fates.push(if same { Fate::Repeats(earlier) } else { Fate::Answered(Err(Failure::KeyReused)) });
            continue;
        }
        fates.push(match idempotency::find(transaction, &key.scope, &key.key, &key.digest).await? {
            Seen::New => {
                first.insert((key.scope.as_str(), key.key.as_str()), place);
                Fate::Decided
            }
            Seen::OtherBody => Fate::Answered(Err(Failure::KeyReused)),
            Seen::Replay { body, .. } => {
                let damaged = |error| StoreError::new(Kind::Internal, "batch: a remembered answer", error);
                let Remembered { id, outcome, route } = serde_json::from_str(&body).map_err(damaged)?;
                Fate::Answered(Ok(Stored { id, outcome, route, repeated: true }))
            }
        });
    }
    Ok(fates)
}

async fn remember(
    transaction: &DatabaseTransaction,
    line: &Line,
    stored: Stored,
    stamp: Stamp,
) -> Result<(), StoreError> {
    let Some(key) = &line.key else { return Ok(()) };
    let Stored { id, outcome, route, .. } = stored;
    let body = written(&Remembered { id, outcome, route })?;
    let status = if outcome == Outcome::Created { 201 } else { 200 };
    let answer = Answer { status, body: &body };
    idempotency::remember(transaction, &key.scope, &key.key, &key.digest, answer, stamp.at).await
}

/// One message for all of it: the live figures are to be told anew.
async fn tell(transaction: &DatabaseTransaction, id: Id, changes: &Changes, stamp: Stamp) -> Result<(), StoreError> {
    let told = Told { created: changes.created.len(), corrected: changes.history.len() };
    outbox::push(transaction, TOPIC, &written(&told)?, id, stamp.at).await
}

fn written(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::new(Kind::Internal, "batch: write JSON", error))
}
