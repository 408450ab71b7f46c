//! While this server leads.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use store::{StoreError, lease};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::book::BookError;
use super::{Server, Won, epoch_of, passes};
use crate::core::Command;
use crate::model::{Answer, Moment, Question, Reason, Resolution, Status};
use crate::store::leader::{self, Leader};

/// Questions decided together, at most. What a commit costs is bytes on the disk, and pages are shared the more the larger
/// a group is; beyond this nothing was gained (two cores, 1,280 transactions on their way).
const GROUP: usize = 1024;
/// How long a successor may take to come.
const SUCCESSION: Duration = Duration::from_secs(3);
const SUCCESSION_LOOK: Duration = Duration::from_millis(20);

type Asker = oneshot::Sender<Answer>;

/// Why leading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Another server leads, or this one's time is over.
    Lost,
    /// The process ends.
    Asked,
}

impl Server {
    /// Decides until the lead is lost, handed over or the process ends.
    pub(super) async fn lead(&mut self, mut won: Won, end: &CancellationToken) {
        let epoch = epoch_of(&won.lease);
        self.book.forget().await;
        self.stand(true, epoch, Some(self.me.endpoint.clone()));
        tracing::info!(epoch, "this server leads");
        let (mut wishes, mut wished) = (Vec::new(), Instant::now());
        // What the former leader left is taken up before the first question.
        let mut ended = self.settle(&mut won, Vec::new()).await.err();
        let mut renewal = Instant::now() + self.pace.lease / 3;
        while ended.is_none() {
            let mut deadline = self.until_deadline().await;
            if !wishes.is_empty() {
                if self.presence.watchers() > 0 {
                    break;
                }
                // A standby that has just come may be on its way here.
                if wished.elapsed() >= self.pace.patience {
                    self.refuse_wishes(std::mem::take(&mut wishes));
                }
                deadline = deadline.min(SUCCESSION_LOOK);
            }
            let mut group = Vec::new();
            tokio::select! {
                biased;
                () = end.cancelled() => ended = Some(End::Asked),
                () = tokio::time::sleep_until(renewal) => {
                    renewal = Instant::now() + self.pace.lease / 3;
                    ended = self.renew(&mut won).await;
                }
                taken = self.commands.recv_many(&mut group, GROUP) => {
                    let hand_overs = hand_overs(&mut group);
                    if !hand_overs.is_empty() {
                        wished = Instant::now();
                        wishes.extend(hand_overs);
                    }
                    ended = self.settle(&mut won, group).await.err();
                    if taken == 0 {
                        ended = Some(End::Asked);
                    }
                }
                () = tokio::time::sleep(deadline) => ended = self.settle(&mut won, Vec::new()).await.err(),
            }
        }
        self.leave(&won, ended, wishes).await;
    }

    /// How long until the next proposal ends; long if none waits.
    async fn until_deadline(&self) -> Duration {
        match self.book.next_deadline().await {
            // A clock that is read a microsecond early must not make a busy loop.
            Some(deadline) => deadline.since(self.clock.now()) + Duration::from_millis(1),
            None => Duration::from_secs(3600),
        }
    }

    async fn renew(&self, won: &mut Won) -> Option<End> {
        let began = Instant::now();
        match self.leases().renew(&won.lease, self.pace.lease).await {
            Ok(true) => won.until = began + self.pace.lease.saturating_sub(self.pace.heartbeat),
            Ok(false) => return Some(End::Lost),
            Err(error) => tracing::warn!(error = %error, "the lease could not be renewed"),
        }
        if let Some(known) = won.connection_id
            && let Ok(now) = self.name_connection(won, known).await
        {
            won.connection_id = now;
        }
        (Instant::now() >= won.until).then_some(End::Lost)
    }

    /// A connection that was made anew is told to whoever may have to end it.
    async fn name_connection(&self, won: &Won, known: i64) -> Result<Option<i64>, StoreError> {
        let (lease, me) = (won.lease.clone(), self.me.clone());
        self.sql
            .write(move |transaction| {
                let (lease, me) = (lease.clone(), me.clone());
                async move {
                    lease::fence(transaction, &lease).await?;
                    let connection_id = leader::connection_id(transaction).await?;
                    if connection_id != Some(known) {
                        let me = Leader { epoch: epoch_of(&lease), connection_id, ..me };
                        leader::write(transaction, &me).await?;
                    }
                    Ok(connection_id)
                }
                .boxed()
            })
            .await
    }

    /// Decides one group. Whatever happens, everybody is answered.
    async fn settle(&self, won: &mut Won, group: Vec<Command>) -> Result<(), End> {
        if Instant::now() >= won.until {
            self.step_aside(group);
            return Err(End::Lost);
        }
        let (questions, askers): (Vec<Question>, Vec<Asker>) =
            group.into_iter().filter_map(|command| self.question(command)).unzip();
        let questions: Arc<[Question]> = questions.into();
        match self.decide(won, Arc::clone(&questions)).await {
            Ok(answers) => {
                for (asker, answer) in askers.into_iter().zip(answers) {
                    drop(asker.send(answer));
                }
                Ok(())
            }
            // One of them may be what the database does not take: it must not fail the others.
            Err(BookError::Store(error)) if !passes(&error) && questions.len() > 1 => {
                for (question, asker) in questions.iter().zip(askers) {
                    let alone = self.decide(won, Arc::from([question.clone()])).await;
                    drop(asker.send(match alone {
                        Ok(mut answers) if !answers.is_empty() => answers.remove(0),
                        _ => self.unavailable(question, won),
                    }));
                }
                Ok(())
            }
            Err(BookError::Store(_)) => {
                for (question, asker) in questions.iter().zip(askers) {
                    drop(asker.send(self.unavailable(question, won)));
                }
                if questions.is_empty() {
                    // Nobody waits for what is due: not again at once.
                    tokio::time::sleep(self.pace.heartbeat).await;
                }
                Ok(())
            }
            Err(BookError::Overtaken) => {
                self.stand(false, epoch_of(&won.lease), None);
                for asker in askers {
                    drop(asker.send(self.not_leader()));
                }
                Err(End::Lost)
            }
        }
    }

    async fn decide(&self, won: &Won, questions: Arc<[Question]>) -> Result<Vec<Answer>, BookError> {
        let moment = Moment { epoch: epoch_of(&won.lease), now: self.clock.now(), hold: self.pace.hold };
        let settled = match self.book.settle(&won.lease, questions, moment).await {
            Ok(settled) => settled,
            Err(error) => {
                if let BookError::Store(error) = &error {
                    let cause = std::error::Error::source(error).map(ToString::to_string);
                    tracing::warn!(error = %error, cause, "a group of requests could not be written");
                }
                return Err(error);
            }
        };
        for alert in &settled.alerts {
            tracing::warn!(alert.kind = alert.kind.name(), detail = alert.detail, "alert");
        }
        self.notes.changed(settled.changed, &settled.alerts);
        Ok(settled.answers)
    }

    /// `None` for what is no question; [`hand_overs`] took those out.
    fn question(&self, command: Command) -> Option<(Question, Asker)> {
        match command {
            Command::Solicit(asked, from, asker) => Some((Question::Solicit(asked, from, self.ids.next()), asker)),
            Command::Acknowledge(given, from, asker) => Some((Question::Acknowledge(given, from), asker)),
            Command::Release(transaction, asker) => Some((Question::Release(transaction), asker)),
            Command::HandOver(asker) => {
                drop(asker.send(self.not_leader()));
                None
            }
        }
    }

    fn unavailable(&self, question: &Question, won: &Won) -> Answer {
        let request_id = match question {
            Question::Solicit(asked, ..) => &asked.request_id,
            Question::Acknowledge(given, _) => &given.request_id,
            Question::Release(transaction) => transaction,
        };
        let detail = "the records cannot be written: ask again";
        let epoch = epoch_of(&won.lease);
        Answer::Resolved(Resolution::refusal(request_id, epoch, Status::Canceled, Reason::Unavailable, detail))
    }

    fn step_aside(&self, group: Vec<Command>) {
        let epoch = self.standing.borrow().epoch;
        self.stand(false, epoch, None);
        for command in group {
            self.refuse(command);
        }
    }

    /// Ends the leadership, so that another can begin at once.
    async fn leave(&mut self, won: &Won, ended: Option<End>, successor_wanted: Vec<Asker>) {
        let epoch = epoch_of(&won.lease);
        self.stand(false, epoch, None);
        if ended != Some(End::Lost)
            && let Err(error) = self.leases().release(&won.lease).await
        {
            tracing::warn!(error = %error, "the lease could not be given back: it ends by itself");
        }
        // Closes the standby's connection, which takes over at that.
        self.presence.set(false);
        tracing::info!(epoch, ended = ?ended, "this server does not lead any more");
        if !successor_wanted.is_empty() {
            self.await_successor(epoch).await;
            for asker in successor_wanted {
                drop(asker.send(self.not_leader()));
            }
        }
    }

    async fn await_successor(&self, epoch: u64) {
        let looked = async {
            loop {
                if let Ok(Some(leader)) = leader::read(self.sql.reader()).await
                    && leader.epoch > epoch
                {
                    return leader;
                }
                tokio::time::sleep(SUCCESSION_LOOK).await;
            }
        };
        match tokio::time::timeout(SUCCESSION, looked).await {
            Ok(leader) => self.stand(false, leader.epoch, Some(leader.endpoint)),
            Err(_) => tracing::warn!("no other server took the lead"),
        }
    }

    /// Without another server nobody can lead instead.
    fn refuse_wishes(&self, wishes: Vec<Asker>) {
        for asker in wishes {
            let (epoch, detail) = (self.standing.borrow().epoch, "no other server is there to lead");
            let refusal = Resolution::refusal("", epoch, Status::Canceled, Reason::Unavailable, detail);
            drop(asker.send(Answer::Resolved(refusal)));
        }
    }
}

/// Takes the wishes for another leader out of a group.
fn hand_overs(group: &mut Vec<Command>) -> Vec<Asker> {
    let wishes = group.extract_if(.., |command| matches!(command, Command::HandOver(_)));
    wishes.map(Command::into_answer).collect()
}
