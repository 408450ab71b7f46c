//! The two ways in for grades: HTTP → gRPC → SQL, and HTTP → SQL and the live store.

use std::sync::Arc;

use anyhow::Context;
use api::auth::Verifier;
use api::{Check, Service};
use grades::grpc::{self, GrpcClient};
use grades::jobs::Sweep;
use grades::live::{Feed, Feeder, Meter, Metered, Reporter};
use grades::model::{Route, Rules};
use grades::{Ingest, Recorder, RecorderDeps};
use kernel::live::Live;
use kernel::role::Role;
use store::Sql;

use super::Replica;

/// Route 1, its HTTP side: records go on over gRPC.
pub(super) async fn grpc_client(replica: Replica) -> anyhow::Result<()> {
    let campus = Campus::open(&replica, Route::Grpc).await?;
    let queue = usize::try_from(grades::QUEUE)?;
    let client = GrpcClient::start(replica.data.snapshot(), queue, &replica.lifecycle);
    let checks = vec![client.check()];
    let door = Metered::new(Arc::new(client), Some(Arc::clone(&campus.meter)), None);
    serve_http(replica, Role::GradesGrpcClient, campus, Arc::new(door), checks).await
}

/// Route 1, its gRPC side: records become durable.
pub(super) async fn grpc_server(mut replica: Replica) -> anyhow::Result<()> {
    let campus = Campus::open(&replica, Route::Grpc).await?;
    // What comes in batches was timed where it came in.
    let door = Metered::new(recorder(&replica, &campus), None, Some(feed(&replica, &campus)));
    let routes = grpc::routes(grpc::Deps {
        ingest: Arc::new(door),
        verifier: Arc::clone(&campus.verifier),
        meter: Arc::clone(&campus.meter),
    });
    let routes = routes.await.context("what gRPC reflection shows")?;
    let listener = replica.listener().await?;
    let service = Service::new(Role::GradesGrpcServer.name(), &replica.name, campus.verifier)
        .lifecycle(replica.lifecycle.clone())
        .routes(routes)
        .checks([grades::sql_check(campus.sql)]);
    replica.lifecycle.spawn_essential("grpc", api::serve(listener, service.build(), replica.lifecycle.clone()));
    Ok(())
}

/// Route 2: records become durable here, and the live store tells of them.
pub(super) async fn redis(replica: Replica) -> anyhow::Result<()> {
    let campus = Campus::open(&replica, Route::Redis).await?;
    let feed = feed(&replica, &campus);
    let door = Metered::new(recorder(&replica, &campus), Some(Arc::clone(&campus.meter)), Some(feed));
    serve_http(replica, Role::GradesRedis, campus, Arc::new(door), Vec::new()).await
}

/// What each of the three stands on.
struct Campus {
    sql: Sql,
    live: Arc<dyn Live>,
    verifier: Arc<Verifier>,
    rules: Rules,
    meter: Arc<Meter>,
}

impl Campus {
    async fn open(replica: &Replica, route: Route) -> anyhow::Result<Self> {
        let sql = Sql::open("grades", &replica.config.sql, &replica.data).await?;
        let live = replica.live().await?;
        let verifier = replica.following_verifier(&live)?;
        let settings = &replica.config.grades;
        let meter = Arc::new(Meter::new(route));
        let reporter = Reporter::new(Arc::clone(&live), Arc::clone(&meter), &replica.name);
        replica.lifecycle.spawn(reporter.run(replica.lifecycle.soft().clone()));
        Ok(Self { sql, live, verifier, rules: Rules::new(settings.courses.iter().cloned(), settings.passing), meter })
    }
}

fn recorder(replica: &Replica, campus: &Campus) -> Arc<dyn Ingest> {
    Arc::new(Recorder::spawn(RecorderDeps {
        sql: campus.sql.clone(),
        clock: Arc::clone(&replica.clock),
        ids: replica.ids.clone(),
        rules: campus.rules.clone(),
        route: campus.meter.route(),
        replica: replica.name.clone(),
        queue: grades::QUEUE,
        lifecycle: replica.lifecycle.clone(),
    }))
}

/// Keeps the live figures true, and is woken by what it returns. What expires goes by the way: every process that writes
/// does so.
fn feed(replica: &Replica, campus: &Campus) -> Feed {
    let feed = Feed::default();
    let feeder = Feeder::new(campus.sql.clone(), Arc::clone(&campus.live), feed.clone());
    replica.lifecycle.spawn(feeder.run(replica.lifecycle.soft().clone()));
    let sweep = Sweep::new(campus.sql.clone(), Arc::clone(&replica.clock));
    replica.lifecycle.spawn(sweep.run(replica.lifecycle.soft().clone()));
    feed
}

async fn serve_http(
    mut replica: Replica,
    role: Role,
    campus: Campus,
    door: Arc<dyn Ingest>,
    checks: Vec<Check>,
) -> anyhow::Result<()> {
    let listener = replica.listener().await?;
    let (routes, own) = grades::build(grades::Deps {
        sql: campus.sql,
        clock: Arc::clone(&replica.clock),
        live: campus.live,
        door,
        rules: campus.rules,
        lifecycle: replica.lifecycle.clone(),
    });
    let service = Service::new(role.name(), &replica.name, campus.verifier)
        .lifecycle(replica.lifecycle.clone())
        .routes(routes)
        .checks(own.into_iter().chain(checks));
    replica.lifecycle.spawn_essential("http", api::serve(listener, service.build(), replica.lifecycle.clone()));
    Ok(())
}
