//! `bedel bench grades`: records at a steady rate, or as fast as they are answered.
//!
//! At a rate, request *n* is **due** *n*/rate seconds after the beginning, and its time counts from then on, whether or not a
//! connection was free for it: an answer that stalls also counts for all who had to wait behind it. Measured from the
//! sending instead, a stall of a second would be one slow request among thousands of fast ones.

mod dial;
mod drive;
mod figures;
mod pace;
mod record;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use http::HeaderValue;
use indicatif::{ProgressBar, ProgressStyle};
use kernel::clock::SystemClock;
use kernel::id::IdSource;
use tokio::sync::watch;
use tokio::time::Instant;

use self::drive::{Plan, drive};
use self::pace::Pace;
pub(super) use self::record::Maker;
use crate::cli::bench::Grades;
use crate::client::Campus;
use crate::show;

/// How often a session's token is asked for again; it is renewed well before it ends.
const TOKEN_EVERY: Duration = Duration::from_secs(20);

/// Sends grades and prints the figures.
///
/// # Errors
/// If there is nowhere to send them, or nobody answers there.
pub(super) async fn grades(arguments: Grades) -> anyhow::Result<ExitCode> {
    let campus = match &arguments.url {
        Some(url) => Campus::at(url)?,
        None => Some(Campus::open()?),
    };
    let url = campus.as_ref().map(|campus| campus.url().to_owned()).or(arguments.url.clone()).unwrap_or_default();
    let tls = match &campus {
        Some(campus) => campus.tls()?,
        None => crate::client::tls::config(None, None)?,
    };
    let dial = dial::to(&url, tls)?;
    drop(dial().await.with_context(|| format!("{url} could not be reached"))?);
    let (told, token) = watch::channel(token(campus.as_ref()).await?);
    let renewing = tokio::spawn(keep_token(campus, told));

    let warm_up = Duration::from_secs(arguments.warm_up.into());
    let length = Duration::from_secs(arguments.seconds.into());
    let seed = arguments.seed.unwrap_or_else(|| {
        let mut bytes = [0; 8];
        IdSource::from_os(Arc::new(SystemClock)).fill(&mut bytes);
        u64::from_le_bytes(bytes)
    });
    let began = Instant::now();
    let plan = Plan {
        path: arguments.route.path(),
        host: HeaderValue::from_str(dial::authority(&url)?)?,
        token,
        pace: Pace::new(arguments.rate, began, warm_up + length),
        measure_from: began + warm_up,
        maker: Maker { seed, students: arguments.students },
    };
    eprintln!("{}", intent(&arguments, &url, seed));
    let progress = tokio::spawn(show_progress(began, warm_up + length));
    let report = drive(plan, dial, arguments.connections).await;
    progress.abort();
    renewing.abort();
    if arguments.json {
        show(&(serde_json::to_string_pretty(&report.json(&url, arguments.rate, arguments.connections))? + "\n"))?;
    } else if arguments.csv {
        show(&report.csv())?;
    } else {
        show(&report.table())?;
    }
    Ok(if report.is_flawless() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn intent(arguments: &Grades, url: &str, seed: u64) -> String {
    let pace = match arguments.rate {
        Some(rate) => format!("{rate} grades a second over at most {} connections", arguments.connections),
        None => format!("grades as fast as {} connections answer", arguments.connections),
    };
    let (length, warm_up) = (arguments.seconds, arguments.warm_up);
    format!("{pace}, to {url}{}, {length} s after {warm_up} s unmeasured, --seed {seed}", arguments.route.path())
}

async fn token(campus: Option<&Campus>) -> anyhow::Result<Option<HeaderValue>> {
    let Some(campus) = campus else { return Ok(None) };
    let mut header = HeaderValue::from_str(&format!("Bearer {}", campus.token().await?))?;
    header.set_sensitive(true);
    Ok(Some(header))
}

/// A run may be longer than a session's token lives.
async fn keep_token(campus: Option<Campus>, told: watch::Sender<Option<HeaderValue>>) {
    loop {
        tokio::time::sleep(TOKEN_EVERY).await;
        match token(campus.as_ref()).await {
            Ok(fresh) => drop(told.send_replace(fresh)),
            // Requests go on with the old one, and say so if it is of no use any more.
            Err(error) => eprintln!("bedel: {error:#}"),
        }
    }
}

async fn show_progress(began: Instant, length: Duration) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    let bar = ProgressBar::new(length.as_secs());
    let bar = match ProgressStyle::with_template("[{bar:30}] {pos}/{len} s") {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    };
    while began.elapsed() < length {
        bar.set_position(began.elapsed().as_secs());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bar.finish_and_clear();
}
