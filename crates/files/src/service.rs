//! Putting the service together: everything is built here and nothing else runs.

use std::sync::Arc;

use ::store::Sql;
use api::Check;
use api::auth::{Verifier, follow_revocations};
use kernel::blobs::{BlobError, Blobs};
use kernel::clock::Clock;
use kernel::config;
use kernel::data_dir::DataDir;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use kernel::live::Live;
use utoipa_axum::router::OpenApiRouter;

use crate::admission::Admission;
use crate::counts::Counts;
use crate::cut::Cutter;
use crate::http::{
    self, Capabilities, Catalogue, Downloading, GoingOn, Hand, Inviting, Past, Rationing, Sharing, Uploading,
};
use crate::ingest::{Ingest, Parts};
use crate::jobs::Jobs;
use crate::key;
use crate::model::signed::Signer;
use crate::passwords::Passwords;
use crate::recorder::Recorder;
use crate::store::Store;
use crate::thumbnails::Thumbnails;
use crate::tracker::Tracker;
use crate::views::Views;
use crate::writers::Writers;

/// What the service stands on.
pub struct Deps {
    /// The service's database, migrated.
    pub sql: Sql,
    /// Bytes.
    pub blobs: Arc<dyn Blobs>,
    /// Live state; may be away.
    pub live: Arc<dyn Live>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and secrets.
    pub ids: IdSource,
    /// Who is calling.
    pub verifier: Arc<Verifier>,
    /// Settings.
    pub settings: config::Files,
    /// Where keys are, and whose file system keeps the reserve.
    pub data: DataDir,
    /// The process.
    pub lifecycle: Lifecycle,
    /// This replica's name.
    pub replica: String,
}

/// A service that is ready to be served.
pub struct Built {
    /// The routes with their documentation.
    pub routes: OpenApiRouter,
    /// What it needs to be ready.
    pub checks: Vec<Check>,
    /// Its background work, already running; tests call single passes.
    pub jobs: Jobs,
    /// What it counts; to be registered with the role's metrics.
    pub counts: Counts,
}

/// Builds the service and starts its background tasks on the lifecycle.
///
/// # Errors
/// The key of signed addresses cannot be made or read.
pub fn build(deps: Deps) -> std::io::Result<Built> {
    let Deps { sql, blobs, live, clock, ids, verifier, settings, data, lifecycle, replica } = deps;
    let signer = Signer::new(&key::read_or_make(&data, &ids)?);
    let run = ids.next();
    let store = Store::new(sql.clone());
    let tracker = Tracker::new(Arc::clone(&live), Arc::clone(&clock));
    let writers = Writers::new(Arc::clone(&live), &replica, run);
    let admission = Admission::new(Arc::clone(&live), &replica, run, &settings);
    let folder = if data.blobs().exists() { data.blobs() } else { data.root().to_owned() };
    let ingest = Ingest::new(Parts {
        store: store.clone(),
        blobs: Arc::clone(&blobs),
        clock: Arc::clone(&clock),
        lifecycle: lifecycle.clone(),
        settings: settings.clone(),
        writers: Arc::clone(&writers),
        tracker: Arc::clone(&tracker),
        folder,
    });
    let counts = Counts::default();
    let recorder = Recorder::new(store.clone(), ids.clone(), Arc::clone(&clock), lifecycle.clone());
    let cutter = Cutter::new(Arc::clone(&live), Arc::clone(&tracker));
    let jobs = Jobs {
        store: store.clone(),
        blobs: Arc::clone(&blobs),
        clock: Arc::clone(&clock),
        replica,
        scrub_rate: settings.scrub_bytes_per_second,
        counts: counts.clone(),
        trash_days: settings.trash_days,
    };

    // They end with the hard token: a request that drains still needs them.
    tokio::spawn(writers.listen(lifecycle.clone()));
    tokio::spawn(Arc::clone(&cutter).listen(lifecycle.clone()));
    tokio::spawn(Arc::clone(&tracker).tell(lifecycle.clone()));
    tokio::spawn(Arc::clone(&admission).dispatch(lifecycle.clone()));
    tokio::spawn(follow_revocations(verifier, Arc::clone(&live), lifecycle.hard().clone()));
    lifecycle.spawn(jobs.clone().run(lifecycle.clone()));

    let quotas = ingest.quotas();
    let routes = http::routes(Capabilities {
        uploading: Uploading {
            store: store.clone(),
            ingest: Arc::clone(&ingest),
            admission: Arc::clone(&admission),
            tracker: Arc::clone(&tracker),
            recorder: Arc::clone(&recorder),
            clock: Arc::clone(&clock),
            ids: ids.clone(),
            settings,
        },
        catalogue: Catalogue {
            store: store.clone(),
            tracker: Arc::clone(&tracker),
            clock: Arc::clone(&clock),
            signer: signer.clone(),
        },
        going_on: GoingOn {
            store: store.clone(),
            live: Arc::clone(&live),
            tracker: Arc::clone(&tracker),
            clock: Arc::clone(&clock),
        },
        hand: Hand {
            store: store.clone(),
            ingest: Arc::clone(&ingest),
            cutter,
            live: Arc::clone(&live),
            tracker: Arc::clone(&tracker),
            clock: Arc::clone(&clock),
        },
        past: Past { store: store.clone(), clock: Arc::clone(&clock) },
        sharing: Sharing {
            passwords: Passwords::new(ids.clone()),
            downloading: Downloading {
                store: store.clone(),
                blobs: Arc::clone(&blobs),
                admission,
                tracker,
                recorder,
                clock: Arc::clone(&clock),
                ids: ids.clone(),
                signer: signer.clone(),
                views: Views::new(),
                thumbnails: Thumbnails::new(Arc::clone(&blobs)),
            },
        },
        inviting: Inviting { store: store.clone(), ingest, clock, ids, signer },
        rationing: Rationing { store, quotas },
    });
    Ok(Built { routes, checks: checks(&sql, &blobs, &live), jobs, counts })
}

/// SQL and bytes are needed, Live is not.
fn checks(sql: &Sql, blobs: &Arc<dyn Blobs>, live: &Arc<dyn Live>) -> Vec<Check> {
    let (sql, blobs, live) = (sql.clone(), Arc::clone(blobs), Arc::clone(live));
    vec![
        Check::required("sql", move || {
            let sql = sql.clone();
            async move { sql.ping().await.map_err(|error| error.to_string()) }
        }),
        Check::required("blobs", move || {
            let blobs = Arc::clone(&blobs);
            async move { ask(&*blobs).await.map_err(|error| error.to_string()) }
        }),
        Check::optional("live", move || {
            let live = Arc::clone(&live);
            async move { live.get("files/probe").await.map(drop).map_err(|error| error.to_string()) }
        }),
    ]
}

async fn ask(blobs: &dyn Blobs) -> Result<(), BlobError> {
    blobs.size(&kernel::blobs::BlobKey::new("probe")?).await.map(drop)
}

/// The OpenAPI document of the service, without running any of it.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    http::documentation()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_sends_every_endpoint_here() {
        let prefixes = kernel::role::Role::Files.manifest().prefixes;
        for path in openapi().paths.paths.keys() {
            let whole =
                |prefix: &&str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            assert!(prefixes.iter().any(whole), "{path}");
        }
    }

    #[test]
    fn the_document_names_every_endpoint() {
        let document = serde_json::to_value(openapi()).expect("serialises");
        let paths = document["paths"].as_object().expect("paths");
        let operations: Vec<String> = paths
            .iter()
            .flat_map(|(path, item)| {
                item.as_object().into_iter().flatten().map(move |(method, _)| format!("{method} {path}"))
            })
            .collect();
        let mut expected = vec![
            "delete /api/v1/files/{id}",
            "delete /api/v1/shares/{share}",
            "delete /api/v1/vouchers/{voucher}",
            "get /api/v1/files/{id}/shares",
            "get /api/v1/quotas/me",
            "get /api/v1/quotas/{user}",
            "get /api/v1/shares/{share}",
            "get /api/v1/shares/{share}/content",
            "get /api/v1/vouchers",
            "get /api/v1/vouchers/{voucher}/receipt",
            "post /api/v1/files/{id}/shares",
            "post /api/v1/shares/{share}/open",
            "post /api/v1/vouchers",
            "put /api/v1/quotas/{user}",
            "delete /api/v1/transfers/{id}",
            "delete /api/v1/uploads/{id}",
            "get /api/v1/audit",
            "get /api/v1/audit.csv",
            "get /api/v1/files",
            "get /api/v1/files/archive.zip",
            "post /api/v1/files/archive",
            "get /api/v1/files/{id}",
            "get /api/v1/files/{id}/content",
            "get /api/v1/files/{id}/stream",
            "get /api/v1/files/{id}/thumbnail",
            "get /api/v1/presence",
            "get /api/v1/statistics",
            "get /api/v1/transfers",
            "head /api/v1/uploads/{id}",
            "options /api/v1/uploads",
            "patch /api/v1/files/{id}",
            "patch /api/v1/uploads/{id}",
            "post /api/v1/files/{id}/restore",
            "post /api/v1/files/{id}/url",
            "post /api/v1/transfers/{id}/pause",
            "post /api/v1/transfers/{id}/resume",
            "post /api/v1/uploads",
            "put /api/v1/files",
        ];
        expected.sort_unstable();
        let mut got: Vec<&str> = operations.iter().map(String::as_str).collect();
        got.sort_unstable();
        assert_eq!(got, expected);
        let schemas = document["components"]["schemas"].as_object().expect("schemas");
        for name in [
            "File",
            "Transfer",
            "Presence",
            "Visibility",
            "Share",
            "Voucher",
            "Receipt",
            "Quota",
            "AuditEntry",
            "Statistics",
        ] {
            assert!(schemas.contains_key(name), "{name}");
        }
    }
}
