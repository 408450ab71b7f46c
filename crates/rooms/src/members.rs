//! What administrators decide about faculties and programmes, and how it is carried out.
//!
//! SQL keeps the decisions and carries them to every machine that runs a server; what counts at its sockets is its folder
//! of admitted keys, in which an operator may also put and remove files by hand. A decision is therefore carried out once a
//! machine, by its version, and not held up against the folder for ever.

mod machine;

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::clock::Clock;
use kernel::error::Kind;
use kernel::id::{Id, IdSource};
use kernel::lifecycle::Lifecycle;
use sea_orm::DatabaseTransaction;
use store::{Sql, StoreError};

use crate::error::RoomsError;
use crate::keys::{Campus, KeyPair, PublicKey};
use crate::model::{Action, Admittance, Decision, FOUND, Invalid, Member, check_member, check_title};
use crate::store::members;
use machine::Machine;

/// Decides, and carries out. Clones are the same.
#[derive(Clone)]
pub(crate) struct Members {
    sql: Sql,
    clock: Arc<dyn Clock>,
    ids: IdSource,
    lifecycle: Lifecycle,
    /// `None`: links are open, and there are no keys.
    machine: Option<Machine>,
}

/// The administrator who decides.
#[derive(Debug, Clone)]
pub(crate) struct Decider {
    pub(crate) user: Id,
    pub(crate) name: String,
}

/// A member that is to be.
#[derive(Debug, Clone)]
pub(crate) struct NewMember {
    pub(crate) name: String,
    pub(crate) faculty: Option<String>,
    pub(crate) title: String,
    /// `None`: a pair is made.
    pub(crate) public_key: Option<PublicKey>,
}

/// A member whose key was admitted.
pub(crate) struct Issued {
    pub(crate) member: Member,
    /// The pair that was made, if one was.
    pub(crate) pair: Option<KeyPair>,
}

impl Members {
    pub(crate) fn new(
        sql: Sql,
        clock: Arc<dyn Clock>,
        ids: IdSource,
        lifecycle: Lifecycle,
        campus: Option<Campus>,
    ) -> Self {
        Self { sql, clock, ids, lifecycle, machine: campus.map(Machine::new) }
    }

    /// Whether the key of a member is admitted on this machine.
    pub(crate) fn is_admitted(&self, member: &Member) -> bool {
        self.machine.as_ref().map_or(member.state == Admittance::Admitted, |machine| machine.admits(member))
    }

    /// Those that are members, in the order of their names.
    pub(crate) async fn list(&self, faculty: Option<&str>, after: &str, limit: u64) -> Result<Vec<Member>, RoomsError> {
        Ok(members::list(self.sql.reader(), faculty, after, limit).await?)
    }

    /// What was decided, newest first.
    pub(crate) async fn decisions(&self, before: Option<Id>, limit: u64) -> Result<Vec<Decision>, RoomsError> {
        Ok(members::decisions(self.sql.reader(), before, limit).await?)
    }

    /// A new member, or one that was removed and comes back.
    pub(crate) async fn create(&self, new: NewMember, by: Decider) -> Result<Issued, RoomsError> {
        check_member(&new.name, new.faculty.as_deref())?;
        check_title(&new.title)?;
        let (public_key, pair) = self.key(new.public_key, true)?;
        let of = self.clone();
        let member = self
            .decide(move |transaction| {
                let (of, new, by) = (of.clone(), new.clone(), by.clone());
                async move {
                    if let Some(faculty) = &new.faculty {
                        let known = members::find(transaction, faculty).await?;
                        if !known.is_some_and(|known| is_living(&known) && known.faculty.is_none()) {
                            return Err(Invalid::new("faculty", "there is no such faculty").into());
                        }
                    }
                    check_free(transaction, &new.name, public_key).await?;
                    let former = members::find(transaction, &new.name).await?;
                    if former.as_ref().is_some_and(is_living) {
                        return Err(RoomsError::NameTaken);
                    }
                    let member = Member {
                        name: new.name.clone(),
                        faculty: new.faculty.clone(),
                        title: new.title.clone(),
                        public_key,
                        state: Admittance::Admitted,
                        version: former.as_ref().map_or(FOUND, |former| former.version) + 1,
                        changed_at: of.clock.now(),
                        changed_by: by.name.clone(),
                    };
                    match former {
                        Some(_) => members::update(transaction, &member).await?,
                        None => members::insert(transaction, &member).await.map_err(taken)?,
                    }
                    of.note(transaction, &member, Action::Create, &by).await?;
                    Ok(member)
                }
                .boxed()
            })
            .await?;
        Ok(Issued { member, pair })
    }

    /// Another title.
    pub(crate) async fn rename(&self, name: String, title: String, by: Decider) -> Result<Member, RoomsError> {
        check_title(&title)?;
        self.change(name, by, Action::Rename, move |member| member.title.clone_from(&title)).await
    }

    /// Admits a key and no other of this member; a fresh pair if none is given.
    pub(crate) async fn admit(&self, name: String, key: Option<PublicKey>, by: Decider) -> Result<Issued, RoomsError> {
        let (public_key, pair) = self.key(key, false)?;
        let change = move |member: &mut Member| {
            member.public_key = public_key;
            member.state = Admittance::Admitted;
        };
        Ok(Issued { member: self.change(name, by, Action::Admit, change).await?, pair })
    }

    /// Takes a member's key away.
    pub(crate) async fn revoke(&self, name: String, by: Decider) -> Result<Member, RoomsError> {
        if self.machine.is_none() {
            return Err(RoomsError::NoKeys);
        }
        self.change(name, by, Action::Revoke, |member| member.state = Admittance::Revoked).await
    }

    /// Removes a member; a faculty with its programmes.
    pub(crate) async fn remove(&self, name: String, by: Decider) -> Result<(), RoomsError> {
        let of = self.clone();
        self.decide(move |transaction| {
            let (of, name, by) = (of.clone(), name.clone(), by.clone());
            async move {
                let member = living(transaction, &name).await?;
                let mut going =
                    if member.faculty.is_none() { members::programmes(transaction, &name).await? } else { Vec::new() };
                going.push(member);
                for mut member in going {
                    member.state = Admittance::Removed;
                    of.write(transaction, &mut member, Action::Remove, &by).await?;
                }
                Ok(())
            }
            .boxed()
        })
        .await
    }

    /// The key that is to be admitted, and its pair if it is made here.
    fn key(
        &self,
        given: Option<PublicKey>,
        may_lack: bool,
    ) -> Result<(Option<PublicKey>, Option<KeyPair>), RoomsError> {
        match (&self.machine, given) {
            (None, None) if may_lack => Ok((None, None)),
            (None, _) => Err(RoomsError::NoKeys),
            (Some(_), Some(given)) => Ok((Some(given), None)),
            (Some(_), None) => {
                let pair = KeyPair::generate(&self.ids);
                Ok((Some(pair.public()), Some(pair)))
            }
        }
    }

    async fn change(
        &self,
        name: String,
        by: Decider,
        action: Action,
        change: impl Fn(&mut Member) + Clone + Send + Sync + 'static,
    ) -> Result<Member, RoomsError> {
        let of = self.clone();
        self.decide(move |transaction| {
            let (of, name, by, change) = (of.clone(), name.clone(), by.clone(), change.clone());
            async move {
                let mut member = living(transaction, &name).await?;
                change(&mut member);
                if action == Action::Admit {
                    check_free(transaction, &name, member.public_key).await?;
                }
                of.write(transaction, &mut member, action, &by).await?;
                Ok(member)
            }
            .boxed()
        })
        .await
    }

    async fn write(
        &self,
        transaction: &DatabaseTransaction,
        member: &mut Member,
        action: Action,
        by: &Decider,
    ) -> Result<(), RoomsError> {
        member.version += 1;
        member.changed_at = self.clock.now();
        member.changed_by.clone_from(&by.name);
        members::update(transaction, member).await?;
        self.note(transaction, member, action, by).await
    }

    async fn note(
        &self,
        transaction: &DatabaseTransaction,
        member: &Member,
        action: Action,
        by: &Decider,
    ) -> Result<(), RoomsError> {
        let detail = match action {
            Action::Create | Action::Admit | Action::Revoke => member.public_key.map(|key| key.to_string()),
            Action::Rename => Some(member.title.clone()),
            Action::Remove => None,
        };
        let decision = Decision {
            id: self.ids.next(),
            user: by.user,
            user_name: by.name.clone(),
            action,
            member: member.name.clone(),
            detail: detail.unwrap_or_default(),
            at: member.changed_at,
        };
        Ok(members::note(transaction, &decision).await?)
    }

    /// Notes members of the reference campus that are not known yet, as they are found here.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn note_found(&self, faculties: u32, programmes: u32) -> Result<(), StoreError> {
        let mut found = Vec::new();
        for number in 1..=faculties {
            let faculty = Campus::faculty(number);
            found.extend((1..=programmes).map(|place| (Campus::programme(number, place), Some(faculty.clone()))));
            found.push((faculty, None));
        }
        let known = members::every(self.sql.reader()).await?;
        let now = self.clock.now();
        let unknown = found.into_iter().filter(|(name, _)| known.iter().all(|known| known.name != *name));
        let new: Vec<Member> = unknown
            .map(|(name, faculty)| Member {
                public_key: self.machine.as_ref().and_then(|machine| machine.public_key(&name)),
                name,
                faculty,
                title: String::new(),
                state: Admittance::Admitted,
                version: FOUND,
                changed_at: now,
                changed_by: String::new(),
            })
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let new = Arc::new(new);
        self.sql
            .write(move |transaction| {
                let new = Arc::clone(&new);
                async move {
                    for member in &*new {
                        members::insert(transaction, member).await?;
                    }
                    Ok(())
                }
                .boxed()
            })
            .await
    }

    /// Carries out what was decided, here or by another server, since this machine last did.
    ///
    /// # Errors
    /// The database's, or that the folder cannot be written.
    pub(crate) async fn carry_out(&self) -> Result<(), StoreError> {
        let Some(machine) = self.machine.clone() else { return Ok(()) };
        let decided = members::every(self.sql.reader()).await?;
        let failed = |error| StoreError::new(Kind::Internal, "members: carry out", error);
        tokio::task::spawn_blocking(move || machine.carry_out(decided))
            .await
            .map_err(|error| failed(std::io::Error::other(error)))?
            .map_err(failed)
    }

    /// Commits a decision and carries it out here, whether who asked is still there or not.
    async fn decide<T, F>(&self, op: F) -> Result<T, RoomsError>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, RoomsError>> + Send + Sync + 'static,
    {
        let of = self.clone();
        let deciding = self.lifecycle.spawn(async move {
            let decided = of.sql.write(op).await?;
            if let Err(error) = of.carry_out().await {
                // It is decided, and tried again every second.
                tracing::error!(error = %error, "a decision about a member could not be carried out here");
            }
            Ok(decided)
        });
        let failed = |error| StoreError::new(Kind::Internal, "members: decide", error);
        deciding.await.map_err(failed)?
    }
}

fn is_living(member: &Member) -> bool {
    member.state != Admittance::Removed
}

async fn living(transaction: &DatabaseTransaction, name: &str) -> Result<Member, RoomsError> {
    members::find(transaction, name).await?.filter(is_living).ok_or(RoomsError::NotFound)
}

/// A key says who somebody is: no two members may have the same.
async fn check_free(transaction: &DatabaseTransaction, name: &str, key: Option<PublicKey>) -> Result<(), RoomsError> {
    let Some(key) = key else { return Ok(()) };
    match members::holder(transaction, key).await? {
        Some(holder) if holder != name => Err(RoomsError::KeyTaken),
        _ => Ok(()),
    }
}

/// Two administrators made the same at the same time.
fn taken(error: StoreError) -> RoomsError {
    if error.kind == Kind::Conflict { RoomsError::NameTaken } else { error.into() }
}
