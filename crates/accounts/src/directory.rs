//! The campus's users: registered, looked up, changed, removed.

use std::sync::Arc;

use api::auth::{Caller, UserRole};
use kernel::clock::Clock;
use kernel::id::{Id, IdSource};
use kernel::secret::Secret;
use sea_orm::DatabaseTransaction;
use store::Sql;

use crate::error::AccountsError;
use crate::guard::Attempt;
use crate::model::{Faults, User, Username, fold};
use crate::once::{Once, Outcome};
use crate::passwords::Passwords;
use crate::revoker::Revoker;
use crate::sessions::Sessions;
use crate::store::tokens;
use crate::store::users::{self, Filter, Known, Taken};

/// Reads and writes users.
#[derive(Clone)]
pub(crate) struct Directory {
    pub(crate) sql: Sql,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdSource,
    pub(crate) passwords: Passwords,
    pub(crate) sessions: Sessions,
    pub(crate) revoker: Revoker,
}

/// A user to be made, as it was asked for.
#[derive(Debug, Clone)]
pub(crate) struct NewUser {
    pub(crate) username: String,
    pub(crate) password: Secret<String>,
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) role: UserRole,
    pub(crate) carnet: Option<i64>,
    pub(crate) courses: Vec<String>,
}

impl NewUser {
    /// The user it would make.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn check(&self, id: Id, clock: &dyn Clock) -> Result<(User, Username), AccountsError> {
        let mut faults = Faults::new();
        let username = faults.username("/username", &self.username);
        faults.password("/password", self.password.expose());
        let name = match &self.name {
            Some(name) => faults.name("/name", name),
            None => username.shown.clone(),
        };
        let email = faults.email("/email", self.email.as_deref().unwrap_or_default());
        if let Some(carnet) = self.carnet {
            faults.carnet("/carnet", carnet);
        }
        let courses = faults.courses("/courses", &self.courses);
        faults.into_result().map_err(AccountsError::Invalid)?;
        let user = User {
            id,
            username: username.shown.clone(),
            name,
            email,
            role: self.role,
            carnet: self.carnet,
            courses,
            created_at: clock.now(),
        };
        Ok((user, username))
    }
}

/// What is to be changed of a user. `None`: not that.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) password: Option<Secret<String>>,
    pub(crate) current_password: Option<Secret<String>>,
    pub(crate) role: Option<UserRole>,
    /// `Some(None)` takes it away.
    pub(crate) carnet: Option<Option<i64>>,
    pub(crate) courses: Option<Vec<String>>,
}

impl Changes {
    const fn needs_administrator(&self) -> bool {
        self.role.is_some() || self.carnet.is_some() || self.courses.is_some()
    }

    const fn is_personal(&self) -> bool {
        self.name.is_some() || self.email.is_some() || self.password.is_some()
    }

    fn apply(&self, user: &mut User) -> Result<(), AccountsError> {
        let mut faults = Faults::new();
        if let Some(name) = &self.name {
            user.name = faults.name("/name", name);
        }
        if let Some(email) = &self.email {
            user.email = faults.email("/email", email);
        }
        if let Some(password) = &self.password {
            faults.password("/password", password.expose());
        }
        if let Some(carnet) = self.carnet {
            if let Some(carnet) = carnet {
                faults.carnet("/carnet", carnet);
            }
            user.carnet = carnet;
        }
        if let Some(courses) = &self.courses {
            user.courses = faults.courses("/courses", courses);
        }
        if let Some(role) = self.role {
            user.role = role;
        }
        faults.into_result().map_err(AccountsError::Invalid)
    }
}

const fn taken(taken: Taken) -> AccountsError {
    match taken {
        Taken::Username => AccountsError::UsernameTaken,
        Taken::Carnet => AccountsError::CarnetTaken,
    }
}

impl Directory {
    pub(crate) async fn get(&self, id: Id) -> Result<User, AccountsError> {
        let known = users::by_id(self.sql.reader(), id).await?;
        known.map(|known| known.user).ok_or(AccountsError::NotFound)
    }

    pub(crate) async fn list(&self, filter: &Filter) -> Result<Vec<User>, AccountsError> {
        Ok(users::list(self.sql.reader(), filter).await?)
    }

    /// Makes a user, once.
    pub(crate) async fn create(&self, new: NewUser, once: Once) -> Result<Outcome<User>, AccountsError> {
        let (user, username) = new.check(self.ids.next(), &*self.clock)?;
        let hash = self.passwords.hash(&self.passwords.turn().await?, &new.password).await?;
        self.sql
            .write(move |transaction| {
                let (user, folded, hash, once) = (user.clone(), username.folded.clone(), hash.clone(), once.clone());
                Box::pin(async move {
                    if let Some(before) = once.find(transaction).await? {
                        return Ok(before);
                    }
                    if let Err(clash) = users::insert(transaction, &user, &folded, &hash).await? {
                        // On MySQL the same request may have committed since it was looked for.
                        return once.find(transaction).await?.ok_or_else(|| taken(clash));
                    }
                    once.remember(transaction, 201, &user, user.created_at).await?;
                    Ok(Outcome::Done(user))
                })
            })
            .await
    }

    /// Changes a user. Whoever changes their own name, address or password must know the password.
    pub(crate) async fn update(&self, caller: &Caller, id: Id, changes: Changes) -> Result<User, AccountsError> {
        if changes.needs_administrator() && !caller.is_admin() {
            return Err(AccountsError::Forbidden("Only an administrator changes role, carnet and courses."));
        }
        // What is wrong with the fields is told before any password is looked at.
        let mut preview = self.get(id).await?;
        changes.apply(&mut preview)?;
        if caller.user == id && changes.is_personal() {
            self.confirm(&preview.username, changes.current_password.as_ref()).await?;
        }
        let hash = match &changes.password {
            Some(password) => Some(self.passwords.hash(&self.passwords.turn().await?, password).await?),
            None => None,
        };
        let own_session = caller.session.clone().filter(|_| caller.user == id);
        let revoker = self.revoker.clone();
        let user = self
            .sql
            .write(move |transaction| {
                let (revoker, changes, hash, own_session) =
                    (revoker.clone(), changes.clone(), hash.clone(), own_session.clone());
                Box::pin(async move {
                    let mut known = users::lock(transaction, id).await?.ok_or(AccountsError::NotFound)?;
                    let before = known.user.clone();
                    changes.apply(&mut known.user)?;
                    write(transaction, &revoker, &before, known, hash, own_session.as_deref()).await
                })
            })
            .await?;
        self.revoker.publish();
        Ok(user)
    }

    async fn confirm(&self, username: &str, password: Option<&Secret<String>>) -> Result<(), AccountsError> {
        let Some(password) = password else {
            return Err(AccountsError::field(
                "/current_password",
                "missing",
                "changing one's own name, address or password takes the current password",
            ));
        };
        let folded = fold(username);
        match self.sessions.check(&Attempt::new(&folded, None), &folded, password).await? {
            Some(_) => Ok(()),
            None => Err(AccountsError::field("/current_password", "wrong", "this is not the current password")),
        }
    }

    /// Removes a user with all sessions and tokens.
    pub(crate) async fn remove(&self, id: Id) -> Result<(), AccountsError> {
        let revoker = self.revoker.clone();
        self.sql
            .write(move |transaction| {
                let revoker = revoker.clone();
                Box::pin(async move {
                    let known = users::lock(transaction, id).await?.ok_or(AccountsError::NotFound)?;
                    if known.user.role == UserRole::Admin && users::count_admins(transaction).await? <= 1 {
                        return Err(AccountsError::LastAdmin);
                    }
                    revoker.user(transaction, id).await?;
                    revoker.sessions(transaction, id, None).await?;
                    tokens::delete_of_user(transaction, id).await?;
                    users::delete(transaction, id).await?;
                    Ok(())
                })
            })
            .await?;
        self.revoker.publish();
        Ok(())
    }
}

/// Writes a changed user and takes back what the change makes wrong.
async fn write(
    transaction: &DatabaseTransaction,
    revoker: &Revoker,
    before: &User,
    mut known: Known,
    hash: Option<String>,
    own_session: Option<&str>,
) -> Result<User, AccountsError> {
    let (id, new_password) = (known.user.id, hash.is_some());
    let demoted = before.role == UserRole::Admin && known.user.role != UserRole::Admin;
    if demoted && users::count_admins(transaction).await? <= 1 {
        return Err(AccountsError::LastAdmin);
    }
    if let Some(hash) = hash {
        known.password_hash = hash;
    }
    users::update(transaction, &known).await?.map_err(taken)?;
    // Tokens say role, courses and carnet: those made before say what is no longer true. Sessions stay and get new ones;
    // API tokens cannot, so they are gone.
    let said = |user: &User| (user.role, user.courses.clone(), user.carnet);
    if said(before) != said(&known.user) {
        revoker.user(transaction, id).await?;
        tokens::delete_of_user(transaction, id).await?;
    }
    if new_password {
        revoker.sessions(transaction, id, own_session).await?;
    }
    Ok(known.user)
}
