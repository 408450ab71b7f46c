//! `bedel bench grades-sql`: the layer that writes grades, with nothing in front of it.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ::grades::model::{Record, Route, Rules, Submission};
use ::grades::{Ingest, Recorder, RecorderDeps};
use anyhow::Context;
use kernel::clock::SystemClock;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use kernel::secret::Secret;
use serde_json::json;
use store::Sql;
use tokio::task::JoinSet;
use tokio::time::Instant;
use toml::Table;

use super::grades::Maker;
use crate::cli::bench::GradesSql;
use crate::{settings, show};

/// Writes records as fast as they become durable, and prints how long that took.
///
/// # Errors
/// If the database refuses one.
pub(super) async fn grades_sql(arguments: GradesSql) -> anyhow::Result<ExitCode> {
    let (config, data) = settings::load(&arguments.settings, Table::new())?;
    data.create()?;
    let clock = Arc::new(SystemClock);
    let sql = Sql::open("grades", &config.sql, &data).await?;
    store::migrate(&sql, ::grades::migrations()).await.context("the tables of grades")?;
    let lifecycle = Lifecycle::new();
    let recorder = Recorder::spawn(RecorderDeps {
        sql,
        ids: IdSource::from_os(clock.clone()),
        clock,
        rules: Rules::new(config.grades.courses, config.grades.passing),
        route: Route::Redis,
        replica: "bench-1".to_owned(),
        queue: ::grades::QUEUE.max(arguments.waiting),
        lifecycle,
    });
    let began = Instant::now();
    let next = Arc::new(AtomicU64::new(0));
    let mut writers = JoinSet::new();
    for _ in 0..arguments.waiting {
        let (recorder, next) = (recorder.clone(), Arc::clone(&next));
        let maker = Maker { seed: arguments.seed, students: arguments.students };
        writers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= arguments.records {
                    return anyhow::Ok(());
                }
                recorder.record(submission(maker.record(number))).await?;
            }
        });
    }
    while let Some(written) = writers.join_next().await {
        written??;
    }
    show(&format!("{}\n", json!({ "records": arguments.records, "seconds": began.elapsed().as_secs_f64() })))?;
    Ok(ExitCode::SUCCESS)
}

fn submission(record: Record) -> Submission {
    Submission { record, by: "bench".into(), token: Secret::new("".into()), key: None }
}
