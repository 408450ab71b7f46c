//! `bedel rooms keygen` and `bedel rooms request`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use kernel::clock::SystemClock;
use kernel::config::Security;
use kernel::id::IdSource;
use rooms::keys::{KeyPair, read_public};
use rooms::message::{Reply, reply};
use rooms::model::{Resolution, Solicitation, Status};
use rooms::programme;
use rooms::wire::{Address, Key};
use toml::Table;

use crate::cli::rooms::{Keygen, RoomsRequest};
use crate::roles::rooms_links;
use crate::settings;

/// Makes a key pair.
///
/// # Errors
/// If there is one of that name, or it cannot be written.
pub(super) fn keygen(arguments: &Keygen) -> anyhow::Result<()> {
    let pair = KeyPair::generate(&IdSource::from_os(Arc::new(SystemClock)));
    pair.write(&arguments.dir, &arguments.name)?;
    let private = KeyPair::path(&arguments.dir, &arguments.name);
    println!("{}\nThe private key is in {}.", pair.public(), private.display());
    Ok(())
}

/// Asks a faculty; ends well only if the rooms were given.
///
/// # Errors
/// If the arguments do not make a request, or there is no answer.
pub(super) async fn request(arguments: RoomsRequest) -> anyhow::Result<ExitCode> {
    let (config, data) = settings::load(&arguments.settings, Table::new())?;
    let ids = IdSource::from_os(Arc::new(SystemClock));
    let faculty = programme::faculty_of(&arguments.program)
        .with_context(|| format!("{} is no programme: a name such as program-01-1 is expected", arguments.program))?;
    let address = match &arguments.faculty {
        Some(given) => given.parse::<Address>()?,
        None => {
            let number: u16 = faculty.trim_start_matches("faculty-").parse().context("the faculty's number")?;
            Address::from(rooms_links::offset(config.rooms.faculty_listen, number.saturating_sub(1))?)
        }
    };
    let key = if config.rooms.security == Security::None {
        Key::Open
    } else {
        let folder = arguments.keys.clone().unwrap_or_else(|| rooms_links::campus(&config.rooms, &data).keys());
        show(&folder, &arguments.program, &faculty)?
    };
    let (classrooms, labs) = programme::usual_wish(&ids);
    let asked = Solicitation {
        request_id: arguments.request_id.unwrap_or_else(|| ids.next().to_string()),
        faculty,
        program: arguments.program,
        semester: arguments.semester,
        classrooms: arguments.classrooms.unwrap_or(classrooms),
        labs: arguments.labs.unwrap_or(labs),
        minimum_capacity: None,
        equipment: Vec::new(),
        wait: false,
        hold: None,
    };
    asked.check()?;
    let said = programme::request(&address, &key, &asked, Duration::from_secs(arguments.timeout)).await?;
    let accepted = said.status == Status::Accepted;
    if arguments.json {
        println!("{}", String::from_utf8_lossy(&reply(&Reply::Resolved(said))));
    } else {
        tell(&asked, &said);
    }
    Ok(if accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(folder: &Path, programme: &str, faculty: &str) -> anyhow::Result<Key> {
    let advice = "`bedel up` makes the keys of its campus, `bedel rooms keygen` others";
    let keys = KeyPair::read(&KeyPair::path(folder, programme)).context(advice)?;
    let server = read_public(&folder.join(format!("{faculty}.pub"))).context(advice)?;
    Ok(Key::Curve { keys, server })
}

fn tell(asked: &Solicitation, said: &Resolution) {
    let list = |rooms: &[rooms::model::RoomName]| rooms.join(" ");
    match (said.status, said.detail.as_deref()) {
        (Status::Accepted, _) => {
            println!("{} has, for {}:", asked.program, asked.semester);
            println!("  classrooms   {}", list(&said.classrooms));
            println!("  laboratories {}", list(&said.labs));
            if !said.mobile_labs.is_empty() {
                println!("  adapted      {}", list(&said.mobile_labs));
            }
        }
        (Status::Denied, detail) => println!("Denied: {}", detail.unwrap_or("no reason was given")),
        (Status::Canceled, detail) => println!("Canceled: {}", detail.unwrap_or("no reason was given")),
    }
}
