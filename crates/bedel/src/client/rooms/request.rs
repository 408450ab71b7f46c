//! `bedel rooms request`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use kernel::clock::SystemClock;
use kernel::config::Security;
use kernel::id::IdSource;
use rooms::keys::{KeyPair, read_public};
use rooms::model::{Resolution, Solicitation, Status};
use rooms::programme;
use rooms::wire::Key;
use toml::Table;

use crate::cli::rooms::Request;
use crate::roles::rooms_links::campus;
use crate::settings;

/// Longer than a faculty looks for a server.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks a faculty and prints its answer.
///
/// # Errors
/// If it does not answer.
pub(super) async fn request(arguments: Request) -> anyhow::Result<ExitCode> {
    let (config, data) = settings::load(&arguments.settings, Table::new())?;
    let ids = IdSource::from_os(Arc::new(SystemClock));
    let program = arguments.program;
    let faculty = programme::faculty_of(&program)
        .with_context(|| format!("--program {program}: a name such as program-01-1 is expected"))?;
    let key = if config.rooms.security == Security::None {
        Key::Open
    } else {
        let keys = campus(&config.rooms, &data).keys();
        let (own, server) = (KeyPair::path(&keys, &program), keys.join(format!("{faculty}.pub")));
        Key::Curve {
            keys: KeyPair::read(&own).with_context(|| format!("cannot read {}", own.display()))?,
            server: read_public(&server).with_context(|| format!("cannot read {}", server.display()))?,
        }
    };
    let (classrooms, labs) = programme::usual_wish(&ids);
    let asked = Solicitation {
        request_id: arguments.request_id.unwrap_or_else(|| ids.next().to_string()),
        faculty,
        program,
        semester: arguments.semester,
        classrooms: arguments.classrooms.unwrap_or(classrooms),
        labs: arguments.labs.unwrap_or(labs),
        minimum_capacity: None,
        equipment: Vec::new(),
        wait: false,
        hold: None,
    };
    let answer = programme::request(&arguments.faculty, &key, &asked, PATIENCE).await?;
    print(&asked, &answer);
    Ok(if answer.status == Status::Accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(asked: &Solicitation, answer: &Resolution) {
    let wish = format!("{} classrooms and {} laboratories in {}", asked.classrooms, asked.labs, asked.semester);
    println!("{}: {wish}: {:?}", answer.request_id, answer.status);
    if let Some(reason) = answer.reason {
        println!("  {reason:?} {}", answer.detail.as_deref().unwrap_or_default());
    }
    for (what, rooms) in [
        ("classrooms", &answer.classrooms),
        ("laboratories", &answer.labs),
        ("mobile laboratories", &answer.mobile_labs),
    ] {
        if !rooms.is_empty() {
            println!("  {what}: {}", rooms.join(" "));
        }
    }
}
