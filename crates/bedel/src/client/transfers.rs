//! `bedel transfers`: what has not arrived yet, where it stopped, and the command that goes on.

use reqwest::Method;
use serde_json::{Value, json};

use super::command_line::quoted;
use super::notes::{self, Known, Note, Way};
use super::progress::amount;
use super::{Campus, get, read};
use crate::cli::Transfers;

/// Shows every transfer that is under way or stopped: those the campus knows, and downloads this machine began.
///
/// # Errors
/// If the campus cannot be asked.
pub(crate) async fn transfers(arguments: Transfers) -> anyhow::Result<()> {
    let campus = Campus::open()?;
    let known: Value = read(campus.request(Method::GET, "/transfers").await?.send().await?).await?;
    notes::tidy();
    let found = joined(known["items"].as_array().cloned().unwrap_or_default(), &notes::all(campus.url()));
    if arguments.json {
        found.iter().for_each(|transfer| println!("{transfer}"));
        return Ok(());
    }
    if found.is_empty() {
        println!("Nothing is under way, and nothing waits to go on.");
    }
    for transfer in found {
        let text = |name: &str| transfer[name].as_str().unwrap_or_default();
        let offset = transfer["offset"].as_u64().unwrap_or(0);
        let size = transfer["size"].as_u64().map_or("?".to_owned(), amount);
        let speed = match transfer["bytes_per_s"].as_u64() {
            Some(speed) if speed > 0 => format!(", {}/s", amount(speed)),
            _ => String::new(),
        };
        let (direction, state, id) = (text("direction"), text("state"), text("id"));
        let user = if text("user_name").is_empty() { String::new() } else { format!("  ({})", text("user_name")) };
        println!("{id}  {direction:<8}  {state}{speed} at {} of {size}  {}{user}", amount(offset), text("name"));
        if !text("command").is_empty() {
            println!("    {}", text("command"));
        }
    }
    Ok(())
}

/// What the campus says of unfinished transfers, each with the command that goes on, and the downloads that only this
/// machine knows.
fn joined(told: Vec<Value>, notes: &[Known]) -> Vec<Value> {
    let here = std::env::current_dir().unwrap_or_default();
    let mut found: Vec<Value> = told.into_iter().filter(|transfer| transfer["state"] != "done").collect();
    for transfer in &mut found {
        let upload = transfer["direction"] == "upload";
        let (way, place) = if upload { (Way::Upload, &transfer["id"]) } else { (Way::Download, &transfer["file_id"]) };
        let id = place.as_str().unwrap_or_default().to_owned();
        let place = |note: &Note| note.place.as_deref().is_some_and(|known| known.ends_with(&id));
        let ours = notes.iter().find(|known| known.note.way == way && place(&known.note));
        let command = match ours {
            Some(known) => known.note.invocation.again(&here),
            None if upload => {
                let name = transfer["name"].as_str().unwrap_or_default();
                format!("bedel put {} --resume {id}", quoted(&format!("./{name}")))
            }
            None => format!("bedel get {id}"),
        };
        // The campus learns a little later than this machine that a command of this machine has ended.
        let moving = ours.map_or(transfer["state"] == "transferring", |known| known.at_work);
        if !moving {
            if transfer["state"] == "transferring" {
                transfer["state"] = "disconnected".into();
            }
            transfer["command"] = command.into();
        }
    }
    let downloads = notes.iter().filter(|known| known.note.way == Way::Download);
    let unknown = downloads.filter(|Known { note, .. }| {
        let same = |told: &Value| told["direction"] == "download" && told["file_id"].as_str() == note.place.as_deref();
        !found.iter().any(same)
    });
    let unknown: Vec<Value> = unknown
        .map(|Known { note, at_work }| {
            let command = (!at_work).then(|| note.invocation.again(&here));
            json!({
                "id": note.place, "file_id": note.place, "name": note.name, "direction": Way::Download,
                "state": if *at_work { "transferring" } else { "disconnected" },
                "offset": get::recorded(&note.path), "size": note.size, "path": note.path, "command": command,
            })
        })
        .collect();
    found.extend(unknown);
    found
}

#[cfg(test)]
mod tests {
    use super::super::command_line::Invocation;
    use super::*;

    fn note(way: Way, place: &str, at_work: bool) -> Known {
        let note = Note {
            way,
            campus: String::new(),
            path: "/x".into(),
            name: "x".to_owned(),
            size: 9,
            key: String::new(),
            place: Some(place.to_owned()),
            stored: None,
            invocation: Invocation::ours(),
        };
        Known { note, at_work }
    }

    #[test]
    fn each_unfinished_transfer_has_its_command() {
        let told = vec![
            json!({ "id": "a", "direction": "upload", "state": "disconnected", "name": "it's" }),
            json!({ "id": "b", "direction": "upload", "state": "paused", "name": "n" }),
            json!({ "id": "c", "direction": "upload", "state": "transferring", "name": "n" }),
            json!({ "id": "d", "direction": "upload", "state": "done", "name": "n" }),
        ];
        let notes = [note(Way::Upload, "/api/v1/uploads/b", false), note(Way::Download, "f", false)];
        let found = joined(told, &notes);
        assert_eq!(found.len(), 4, "{found:?}");
        assert_eq!(found[0]["command"], r"bedel put './it'\''s' --resume a");
        let ours = Invocation::ours().again(&std::env::current_dir().expect("a folder"));
        assert_eq!((&found[1]["command"], &found[2]["command"]), (&json!(&ours), &Value::Null));
        assert_eq!(found[2]["state"], "transferring", "nobody here knows better");
        assert_eq!((&found[3]["file_id"], &found[3]["direction"]), (&json!("f"), &json!("download")));

        let moving = |at_work| {
            let told = vec![json!({ "id": "c", "direction": "upload", "state": "transferring", "name": "n" })];
            joined(told, &[note(Way::Upload, "/api/v1/uploads/c", at_work)]).remove(0)
        };
        assert_eq!((&moving(true)["command"], &moving(true)["state"]), (&Value::Null, &json!("transferring")));
        assert_eq!((&moving(false)["command"], &moving(false)["state"]), (&json!(ours), &json!("disconnected")));
    }
}
