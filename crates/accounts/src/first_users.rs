//! Users that are there before anybody could make them.

use std::sync::Arc;

use api::auth::UserRole;
use kernel::clock::Clock;
use kernel::id::IdSource;
use kernel::secret::Secret;
use store::Sql;

use crate::directory::NewUser;
use crate::error::AccountsError;
use crate::passwords;
use crate::store::users::{self, Taken};

/// A user to make before the first role starts.
#[derive(Debug, Clone)]
pub struct FirstUser {
    /// For logging in.
    pub username: String,
    /// The person's name.
    pub name: String,
    /// The role.
    pub role: UserRole,
    /// A professor's courses.
    pub courses: Vec<String>,
    /// A student's number.
    pub carnet: Option<i64>,
    /// The password, 8 to 256 characters.
    pub password: Secret<String>,
}

/// Makes the user `admin` if there is no user at all; says whether it did. Safe when several processes start at once.
///
/// # Errors
/// The password is too short, or the database is away.
pub async fn ensure_admin(
    sql: &Sql,
    clock: &Arc<dyn Clock>,
    ids: &IdSource,
    password: Secret<String>,
) -> Result<bool, AccountsError> {
    if !users::is_empty(sql.reader()).await? {
        return Ok(false);
    }
    let admin = FirstUser {
        username: "admin".to_owned(),
        name: "Administrator".to_owned(),
        role: UserRole::Admin,
        courses: Vec::new(),
        carnet: None,
        password,
    };
    insert(sql, clock, ids, admin, true).await
}

/// Makes a user unless there is one of that username; says whether it did.
///
/// # Errors
/// A field is not valid, the carnet is another user's, or the database is away.
pub async fn ensure_user(
    sql: &Sql,
    clock: &Arc<dyn Clock>,
    ids: &IdSource,
    user: FirstUser,
) -> Result<bool, AccountsError> {
    if users::by_username(sql.reader(), &crate::model::fold(&user.username)).await?.is_some() {
        return Ok(false);
    }
    insert(sql, clock, ids, user, false).await
}

async fn insert(
    sql: &Sql,
    clock: &Arc<dyn Clock>,
    ids: &IdSource,
    user: FirstUser,
    only_first: bool,
) -> Result<bool, AccountsError> {
    let FirstUser { username, name, role, courses, carnet, password } = user;
    let hash = passwords::hash_alone(&password, ids).await?;
    let new = NewUser { username, password, name: Some(name), email: None, role, carnet, courses };
    let (user, username) = new.check(ids.next(), &**clock)?;
    sql.write(move |transaction| {
        let (user, folded, hash) = (user.clone(), username.folded.clone(), hash.clone());
        Box::pin(async move {
            if only_first && !users::is_empty(transaction).await? {
                return Ok(false);
            }
            match users::insert(transaction, &user, &folded, &hash).await? {
                Ok(()) => Ok(true),
                Err(Taken::Username) => Ok(false),
                Err(Taken::Carnet) => Err(AccountsError::CarnetTaken),
            }
        })
    })
    .await
}
