//! `bedel bench rooms`: Table 3 of both patterns under three loads, on real processes of this program.

mod figures;
mod load;
mod metrics;
mod recovery;
mod report;
mod usage;

use std::process::ExitCode;

use kernel::config::Pattern;
use tokio::signal::unix::{SignalKind, signal};

use super::campus::{Campus, name};
use crate::cli::bench::Rooms;
use figures::Figures;

/// So many programmes, five a faculty, that each ask for the same.
#[derive(Debug, Clone, Copy)]
struct Load {
    name: &'static str,
    faculties: u32,
    classrooms: u32,
    labs: u32,
}

/// All of the first fit, of the second with 40 adapted classrooms, and of the third only a part.
const LOADS: [Load; 3] = [
    Load { name: "25 minimum", faculties: 5, classrooms: 7, labs: 2 },
    Load { name: "25 maximum", faculties: 5, classrooms: 10, labs: 4 },
    Load { name: "50 maximum", faculties: 10, classrooms: 10, labs: 4 },
];

/// Measures and reports.
///
/// # Errors
/// If a process cannot be started, does not answer, or the report cannot be written.
pub(super) async fn rooms(arguments: Rooms) -> anyhow::Result<ExitCode> {
    let (mut interrupted, mut ended) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let measured = tokio::select! {
        measured = measure(&arguments) => measured?,
        // The processes end with this future.
        _ = interrupted.recv() => anyhow::bail!("interrupted"),
        _ = ended.recv() => anyhow::bail!("interrupted"),
    };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&measured)?);
    } else {
        println!("{}", report::table(&measured));
    }
    if let Some(folder) = &arguments.report {
        report::write(folder, &measured)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn measure(arguments: &Rooms) -> anyhow::Result<Vec<Figures>> {
    let patterns = arguments.pattern.map_or(vec![Pattern::Async, Pattern::Broker], |one| vec![one]);
    let mut measured = Vec::new();
    for pattern in patterns {
        for load in LOADS {
            eprintln!("{}, {} programmes ask {} times …", name(pattern), load.name, arguments.rounds);
            let mut campus = Campus::start(pattern, load.faculties).await?;
            let asked = load::run(&campus, load, arguments.rounds).await?;
            let answers = metrics::answers(&campus).await?;
            let recovered = recovery::run(&mut campus, arguments.kills).await?;
            measured.push(Figures::of(pattern, load, &asked, answers, recovered));
        }
    }
    Ok(measured)
}
