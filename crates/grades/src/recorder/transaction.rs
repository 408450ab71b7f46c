//! What happens to a batch inside its transaction.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use kernel::error::Kind;
use kernel::id::Id;
use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};
use store::idempotency::{self, Answer, Seen};
use store::{StoreError, outbox};

use crate::failure::Failure;
use crate::model::batch::{Changes, Line, decide};
use crate::model::{Outcome, RepeatKey, Route, Stored};
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
    let decided: HashMap<usize, Stored> = places
        .into_iter()
        .zip(outcomes)
        .map(|(place, (id, outcome))| (place, Stored { id, outcome, route: stamp.route, repeated: false }))
        .collect();
    remember(transaction, &batch.lines, &decided, stamp).await?;
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
    let asked: Vec<_> = lines.iter().filter_map(|line| line.key.as_ref()).map(RepeatKey::asked).collect();
    let mut seen = idempotency::find_all(transaction, &asked).await?.into_iter();
    let mut first: HashMap<(&str, &str), usize> = HashMap::new();
    let mut fates = Vec::with_capacity(lines.len());
    for (place, line) in lines.iter().enumerate() {
        let Some(key) = &line.key else {
            fates.push(Fate::Decided);
            continue;
        };
        fates.push(match seen.next() {
            Some(Seen::OtherBody) => Fate::Answered(Err(Failure::KeyReused)),
            Some(Seen::Replay { body, .. }) => {
                let damaged = |error| StoreError::new(Kind::Internal, "batch: a remembered answer", error);
                let Remembered { id, outcome, route } = serde_json::from_str(&body).map_err(damaged)?;
                Fate::Answered(Ok(Stored { id, outcome, route, repeated: true }))
            }
            Some(Seen::New) | None => match first.entry((&key.scope, &key.key)) {
                Entry::Vacant(vacant) => {
                    vacant.insert(place);
                    Fate::Decided
                }
                Entry::Occupied(earlier) => {
                    let same = lines[*earlier.get()].key.as_ref().is_some_and(|known| known.digest == key.digest);
                    if same { Fate::Repeats(*earlier.get()) } else { Fate::Answered(Err(Failure::KeyReused)) }
                }
            },
        });
    }
    Ok(fates)
}

async fn remember(
    transaction: &DatabaseTransaction,
    lines: &[Line],
    decided: &HashMap<usize, Stored>,
    stamp: Stamp,
) -> Result<(), StoreError> {
    let mut kept = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        if let (Some(key), Some(Stored { id, outcome, route, .. })) = (&line.key, decided.get(&place).copied()) {
            let status = if outcome == Outcome::Created { 201 } else { 200 };
            kept.push((key.asked(), status, written(&Remembered { id, outcome, route })?));
        }
    }
    let answers: Vec<_> = kept.iter().map(|(asked, status, body)| (*asked, Answer { status: *status, body })).collect();
    idempotency::remember_all(transaction, &answers, stamp.at).await
}

/// One message for all of it: the live figures are to be told anew.
async fn tell(transaction: &DatabaseTransaction, id: Id, changes: &Changes, stamp: Stamp) -> Result<(), StoreError> {
    let told = Told { created: changes.created.len(), corrected: changes.history.len() };
    outbox::push(transaction, TOPIC, &written(&told)?, id, stamp.at).await
}

fn written(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::new(Kind::Internal, "batch: write JSON", error))
}
