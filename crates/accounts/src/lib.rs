#![doc = include_str!("../README.md")]

mod api_tokens;
mod directory;
mod error;
mod first_users;
mod guard;
mod http;
mod jobs;
mod migrations;
mod model;
mod once;
mod passwords;
mod refresh_token;
mod revoker;
mod sessions;
mod store;

use std::sync::Arc;
use std::time::Duration;

use api::Check;
use api::auth::{Signer, Verifier};
use kernel::clock::Clock;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use kernel::live::Live;
use tokio::sync::Notify;
use utoipa_axum::router::OpenApiRouter;

pub use error::AccountsError;
pub use first_users::{FirstUser, ensure_admin, ensure_user};
pub use migrations::migrations;
pub use model::{ApiToken, User};

/// What the service is made of.
pub struct Deps {
    /// The service's database.
    pub sql: ::store::Sql,
    /// Where the list of revocations is published.
    pub live: Arc<dyn Live>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids, salts and tokens come from; seeded by the operating system, or they can be guessed.
    pub ids: IdSource,
    /// The verifier of this process's requests: it learns of revocations at once.
    pub verifier: Arc<Verifier>,
    /// Signs tokens.
    pub signer: Signer,
    /// The settings.
    pub settings: kernel::config::Accounts,
    /// Jobs run, and commits finish, within it.
    pub lifecycle: Lifecycle,
}

/// Starts the jobs; returns the routes under `/api/v1` and what readiness depends on, for [`api::Service`].
#[must_use]
pub fn build(deps: Deps) -> (OpenApiRouter, Vec<Check>) {
    let changed = Arc::new(Notify::new());
    start_jobs(&deps, &changed);
    let capabilities = capabilities(&deps, changed);
    let (sql, live) = (deps.sql, deps.live);
    let checks = vec![
        Check::required("sql", move || {
            let sql = sql.clone();
            async move { sql.ping().await.map_err(|error| error.to_string()) }
        }),
        Check::optional("live", move || {
            let live = Arc::clone(&live);
            async move { live.get(api::auth::REVOCATIONS_KEY).await.map(drop).map_err(|error| error.to_string()) }
        }),
    ];
    (http::routes().with_state(capabilities), checks)
}

/// The OpenAPI document of this service.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    http::routes().into_openapi()
}

/// Passwords hashed at the same time, at most; each takes 19 MiB.
const CONCURRENT_HASHES: u32 = 2;

fn capabilities(deps: &Deps, changed: Arc<Notify>) -> http::Capabilities {
    let Deps { sql, clock, ids, signer, settings, lifecycle, .. } = deps;
    let access_token = Duration::from_secs(settings.access_token_s);
    let revoker = revoker::Revoker { clock: Arc::clone(clock), access_token, changed };
    let passwords = passwords::Passwords::new(CONCURRENT_HASHES, ids.clone());
    let sessions = sessions::Sessions {
        sql: sql.clone(),
        clock: Arc::clone(clock),
        ids: ids.clone(),
        signer: signer.clone(),
        refresh_tokens: refresh_token::RefreshTokens::new(&signer.derive_key("refresh tokens")),
        passwords: passwords.clone(),
        guard: guard::Guard {
            sql: sql.clone(),
            clock: Arc::clone(clock),
            ids: ids.clone(),
            per_account: settings.failures_per_account,
            per_address: settings.failures_per_address,
        },
        revoker: revoker.clone(),
        access_token,
        refresh_token: Duration::from_secs(settings.refresh_token_s),
    };
    http::Capabilities {
        directory: directory::Directory {
            sql: sql.clone(),
            clock: Arc::clone(clock),
            ids: ids.clone(),
            passwords,
            sessions: sessions.clone(),
            revoker: revoker.clone(),
        },
        tokens: api_tokens::ApiTokens {
            sql: sql.clone(),
            clock: Arc::clone(clock),
            ids: ids.clone(),
            signer: signer.clone(),
            revoker,
        },
        sessions,
        seal: once::Seal::new(&signer.derive_key("idempotency digests")),
        finisher: http::Finisher(lifecycle.clone()),
        registration: http::Registration(settings.registration),
        jwks: http::Jwks(signer.jwks().into()),
    }
}

fn start_jobs(deps: &Deps, changed: &Arc<Notify>) {
    let Deps { sql, live, clock, verifier, lifecycle, .. } = deps;
    let publish = jobs::publish::Publish {
        sql: sql.clone(),
        live: Arc::clone(live),
        clock: Arc::clone(clock),
        verifier: Arc::clone(verifier),
        changed: Arc::clone(changed),
    };
    let sweep = jobs::sweep::Sweep { sql: sql.clone(), clock: Arc::clone(clock) };
    let collect = jobs::collect_uses::CollectUses { sql: sql.clone(), live: Arc::clone(live) };
    let end = lifecycle.soft();
    lifecycle.spawn_essential("accounts.publish_revocations", publish.run(end.clone()));
    lifecycle.spawn_essential("accounts.sweep", sweep.run(end.clone()));
    lifecycle.spawn_essential("accounts.collect_uses", collect.run(end.clone()));
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_document_names_every_endpoint_and_no_parameter_twice() {
        let document = serde_json::to_value(super::openapi()).expect("serialises");
        let mut endpoints = Vec::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                endpoints.push(format!("{method} {path}"));
                let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
                let mut names: Vec<_> = parameters.iter().map(|parameter| parameter["name"].to_string()).collect();
                let all = names.len();
                names.sort();
                names.dedup();
                assert_eq!(names.len(), all, "{method} {path}: {names:?}");
            }
        }
        assert_eq!(endpoints.len(), 14, "{endpoints:#?}");
        let list = document["paths"]["/api/v1/users"]["get"]["parameters"].to_string();
        for name in ["q", "role", "limit", "cursor"] {
            assert!(list.contains(&format!("\"name\":\"{name}\"")), "{name} in {list}");
        }
    }
}
