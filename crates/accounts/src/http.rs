//! The endpoints, one a file.

use kernel::lifecycle::Lifecycle;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api_tokens::ApiTokens;
use crate::directory::Directory;
use crate::error::AccountsError;
use crate::once::Seal;
use crate::sessions::Sessions;

mod cookie;
mod create_token;
mod create_user;
mod delete_token;
mod delete_user;
mod get_jwks;
mod get_me;
mod get_user;
mod list_tokens;
mod list_users;
mod login;
mod logout;
mod refresh;
mod register;
mod update_user;

pub(crate) use create_token::Made;

/// Everything handlers may ask for; each asks for its part.
#[derive(Clone)]
pub(crate) struct Capabilities {
    pub(crate) sessions: Sessions,
    pub(crate) directory: Directory,
    pub(crate) tokens: ApiTokens,
    pub(crate) seal: Seal,
    pub(crate) finisher: Finisher,
    pub(crate) registration: Registration,
    pub(crate) jwks: Jwks,
}

/// Whether anybody may register.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Registration(pub(crate) bool);

/// The public keys, as JSON.
#[derive(Debug, Clone)]
pub(crate) struct Jwks(pub(crate) std::sync::Arc<str>);

/// Runs to its end what was begun, also when the client leaves and its handler is dropped.
#[derive(Clone)]
pub(crate) struct Finisher(pub(crate) Lifecycle);

impl Finisher {
    async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, AccountsError>> + Send + 'static,
    ) -> Result<T, AccountsError> {
        match self.0.spawn(work).await {
            Ok(result) => result,
            Err(_) => Err(AccountsError::Fault("the work behind a request panicked")),
        }
    }
}

/// The routes, still without their state.
pub(crate) fn routes() -> OpenApiRouter<Capabilities> {
    OpenApiRouter::new()
        .routes(routes!(login::login))
        .routes(routes!(refresh::refresh))
        .routes(routes!(logout::logout))
        .routes(routes!(register::register))
        .routes(routes!(get_jwks::get_jwks))
        .routes(routes!(list_users::list_users, create_user::create_user))
        .routes(routes!(get_user::get_user, update_user::update_user, delete_user::delete_user))
        .routes(routes!(get_me::get_me))
        .routes(routes!(list_tokens::list_tokens, create_token::create_token))
        .routes(routes!(delete_token::delete_token))
}

api::capabilities! {
    Capabilities =>
    sessions: Sessions,
    directory: Directory,
    tokens: ApiTokens,
    seal: Seal,
    finisher: Finisher,
    registration: Registration,
    jwks: Jwks,
}
