//! `bedel get`: several files at once, each over several connections, from where each stopped.

mod download;
mod held;
mod partial;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use futures::{StreamExt, stream};
use reqwest::Method;
use serde_json::json;

use self::download::Download;
use self::partial::Partial;
pub(super) use self::partial::recorded;
use super::command_line::Invocation;
use super::notes::{self, Entry, Note, Way};
use super::progress::Board;
use super::{Campus, File, list, many, read};
use crate::cli::Get;

/// Downloads every file.
///
/// # Errors
/// A list of what could not be downloaded, and why; running it again goes on from there.
pub(crate) async fn get(arguments: Get) -> anyhow::Result<()> {
    let campus = Campus::open()?;
    let (mut files, mut failed): (Vec<File>, _) = (Vec::new(), Vec::new());
    for wanted in &arguments.files {
        match find(&campus, wanted).await {
            Ok(file) if files.iter().any(|known| known.id == file.id) => {}
            Ok(file) => files.push(file),
            Err(error) => failed.push((wanted.clone(), error)),
        }
    }
    let mut work = Vec::new();
    let names = names(&files, arguments.output.as_deref(), arguments.files.len() > 1)?;
    for (file, target) in files.into_iter().zip(names) {
        match target {
            Ok(target) => work.push((file, target)),
            Err(error) => failed.push((file.id, error)),
        }
    }
    notes::tidy();
    let (count, size) = (work.len() + failed.len(), work.iter().map(|(file, _)| file.size).sum());
    let board = Board::new(count, size);
    let (campus, board, connections) = (&campus, &board, u64::from(arguments.connections));
    let transfers = stream::iter(&work).map(|(file, target)| async move {
        let outcome = Box::pin(one(campus, file, target, connections, board)).await;
        (file.name.clone(), outcome.map(|()| (file, target)))
    });
    let transfers = transfers.buffer_unordered(usize::from(arguments.parallel));
    many::run(transfers, (count, size, "downloaded"), board, failed, |(file, target)| {
        if arguments.json {
            println!("{}", serde_json::to_string(&json!({ "path": target, "file": file }))?);
        }
        Ok(())
    })
    .await
}

async fn one(campus: &Campus, file: &File, target: &Path, connections: u64, board: &Board) -> anyhow::Result<()> {
    // The id in its name ties a partial download to the bytes it is part of.
    let target = std::path::absolute(target)?;
    let mut name = target.clone().into_os_string();
    name.push(format!(".{}.part", file.id));
    let path = PathBuf::from(name);
    let note = Note {
        way: Way::Download,
        campus: campus.url().to_owned(),
        path: path.clone(),
        name: file.name.clone(),
        size: file.size,
        key: String::new(),
        place: Some(file.id.clone()),
        stored: None,
        invocation: Invocation::ours(),
    };
    let entry = Entry::open(&["get", campus.url(), &path.to_string_lossy()].join("\n"), note)?;
    let partial = Partial::open(path, file.size)?;
    let progress = board.transfer(&file.name, file.size);
    let download = Download { campus, file, connections, progress: &progress, partial, entry };
    let digest = download.run(&target).await?;
    progress.reach(file.size);
    progress.done(&format!("{} bytes in {}, sha256 {digest}", file.size, target.display()));
    Ok(())
}

/// The file of this id, else the only one of exactly this name.
///
/// # Errors
/// If there is none, or there are several of that name.
pub(super) async fn find(campus: &Campus, wanted: &str) -> anyhow::Result<File> {
    if wanted.parse::<kernel::id::Id>().is_ok() {
        let response = campus.request(Method::GET, &format!("/files/{wanted}")).await?.send().await?;
        return read(response).await;
    }
    let found: Vec<File> = list(campus, "/files", &[("q", wanted)]).await?;
    let named: Vec<File> = found.into_iter().filter(|file| file.name == wanted).collect();
    match <[File; 1]>::try_from(named) {
        Ok([file]) => Ok(file),
        Err(none) if none.is_empty() => bail!("no file is called {wanted}: see `bedel ls`"),
        Err(several) => {
            let ids: Vec<_> = several.into_iter().map(|file| file.id).collect();
            bail!("several files are called {wanted}; name one by its id: {}", ids.join(", "))
        }
    }
}

/// Where each file goes: `output` itself if one file is wanted and it is no folder, else a name in that folder. Files of
/// one name have their ids before it, so that none takes another's place and the same command finds them again.
fn names(files: &[File], output: Option<&Path>, several: bool) -> anyhow::Result<Vec<anyhow::Result<PathBuf>>> {
    let folder = match output {
        Some(path) if !several && !path.is_dir() => return Ok(files.iter().map(|_| Ok(path.to_owned())).collect()),
        Some(path) => path,
        None => Path::new(""),
    };
    if several && !folder.as_os_str().is_empty() {
        std::fs::create_dir_all(folder).with_context(|| format!("{} is to be a folder", folder.display()))?;
    }
    let mut once = BTreeSet::new();
    let twice: BTreeSet<&str> =
        files.iter().map(|file| file.name.as_str()).filter(|name| !once.insert(*name)).collect();
    let place = |file: &File| {
        let name = safe_name(file)?;
        Ok(folder.join(if twice.contains(name) { format!("{}-{name}", file.id) } else { name.to_owned() }))
    };
    Ok(files.iter().map(place).collect())
}

/// The campus's word is not enough to choose a place outside the folder.
fn safe_name(file: &File) -> anyhow::Result<&str> {
    match Path::new(&file.name).file_name() {
        Some(name) if name.to_str() == Some(file.name.as_str()) => Ok(&file.name),
        _ => bail!("the file's name ({:?}) is no place in a folder: get it alone, with -o PATH", file.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(id: &str, name: &str) -> File {
        serde_json::from_value(json!({ "id": id, "name": name, "size": 1, "sha256": null })).expect("a file")
    }

    #[test]
    fn files_of_one_name_do_not_meet() {
        let root = tempfile::tempdir().expect("a folder");
        let files = [file("1", "a"), file("2", "b"), file("3", "a"), file("4", "../c")];
        let places = names(&files, Some(&root.path().join("new")), true).expect("places");
        let places: Vec<_> = places.into_iter().map(|place| place.ok()).collect();
        let at = |name: &str| Some(root.path().join("new").join(name));
        assert_eq!(places, [at("1-a"), at("b"), at("3-a"), None]);
        let alone = names(&files[3..], Some(Path::new("here")), false).expect("places");
        assert_eq!(alone[0].as_ref().ok(), Some(&PathBuf::from("here")));
    }
}
