//! `bedel put`: files and folders, several at once, each from where it stopped.

mod metadata;
mod sent;
mod upload;
mod walk;

use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use futures::{StreamExt, stream};
use kernel::clock::SystemClock;
use kernel::id::{Id, IdSource};
use reqwest::{Method, StatusCode};

use self::sent::Sent;
use self::upload::{Seen, Upload};
use self::walk::{Item, Plan};
use super::command_line::Invocation;
use super::notes::{self, Entry, Note, Stored, Way};
use super::progress::Board;
use super::{Campus, File, accept, many, read};
use crate::cli::Put;

/// Uploads every file and prints what was stored.
///
/// # Errors
/// A list of what could not be uploaded, and why; running it again goes on from there.
pub(crate) async fn put(arguments: Put) -> anyhow::Result<()> {
    let campus = Campus::open()?;
    let plan = Plan::of(&arguments.paths);
    if arguments.resume.is_some() && (plan.items.len() != 1 || !plan.failed.is_empty()) {
        bail!("--resume goes on with one upload: name the one file it is of");
    }
    for line in &plan.skipped {
        eprintln!("{line}");
    }
    let count = plan.items.len() + plan.failed.len();
    if count == 0 {
        eprintln!("There is no file in what was named.");
    }
    notes::tidy();
    let size = plan.items.iter().map(|item| item.size).sum();
    let board = Board::new(count, size);
    let sender = Sender {
        who: campus.who().await,
        ids: IdSource::from_os(Arc::new(SystemClock)),
        campus: &campus,
        arguments: &arguments,
        board: &board,
    };
    let transfers = stream::iter(&plan.items).map(|item| sender.outcome(item));
    let transfers = transfers.buffer_unordered(usize::from(arguments.parallel));
    many::run(transfers, (count, size, "uploaded"), &board, plan.failed, |stored: File| {
        if arguments.json {
            println!("{}", serde_json::to_string(&stored)?);
        } else {
            println!("{}  {}", stored.id, stored.name);
        }
        Ok(())
    })
    .await
}

struct Sender<'a> {
    campus: &'a Campus,
    who: String,
    ids: IdSource,
    arguments: &'a Put,
    board: &'a Board,
}

impl Sender<'_> {
    async fn outcome(&self, item: &Item) -> many::Outcome<File> {
        (item.path.display().to_string(), Box::pin(self.one(item)).await)
    }

    async fn one(&self, item: &Item) -> anyhow::Result<File> {
        let metadata = metadata::of(item, self.arguments);
        let path = item.path.canonicalize()?;
        let seen = Seen::now(&path)?;
        let mut entry = self.entry(item, &path, seen, &metadata)?;
        if let Some(stored) = entry.note.stored.clone() {
            if let Some(file) = self.still_there(&stored).await? {
                let progress = self.board.transfer(&item.name, seen.size);
                progress.reach(seen.size);
                progress.done("stored before, and unchanged since; --again uploads it again");
                return Ok(file);
            }
            self.begin_anew(&mut entry.note);
        }
        let progress = self.board.transfer(&item.name, seen.size);
        let mut upload = Upload {
            campus: self.campus,
            ids: &self.ids,
            path: &path,
            seen,
            metadata: &metadata,
            entry: &mut entry,
            anew: self.arguments.resume.is_none(),
            progress: &progress,
            sent: Sent::default(),
        };
        let place = upload.run().await?;
        let ours = upload.sent.digest(&path, seen.size).await?;
        let stored: File = read(self.campus.request(Method::GET, &place).await?.send().await?).await?;
        if stored.sha256.as_ref().is_some_and(|theirs| *theirs != ours) {
            entry.forget();
            bail!(
                "the campus stored other bytes than the file has: it changed meanwhile, or was damaged on the way. \
                 Remove them with `bedel rm {}`",
                stored.id
            );
        }
        entry.note.stored = Some(Stored { place, sha256: ours.clone() });
        entry.keep()?;
        progress.reach(seen.size);
        progress.done(&format!("{} bytes stored, sha256 {ours}", stored.size));
        Ok(stored)
    }

    /// The note of this file, with what the arguments say about it.
    fn entry(&self, item: &Item, path: &Path, seen: Seen, metadata: &str) -> anyhow::Result<Entry> {
        let identity =
            ["put", self.campus.url(), &self.who, &path.to_string_lossy(), &seen.text(), metadata].join("\n");
        let mut entry = Entry::open(
            &identity,
            Note {
                way: Way::Upload,
                campus: self.campus.url().to_owned(),
                path: path.to_owned(),
                name: item.name.clone(),
                size: seen.size,
                key: self.ids.next().to_string(),
                place: None,
                stored: None,
                invocation: Invocation::ours(),
            },
        )?;
        if self.arguments.again && entry.note.stored.is_some() {
            self.begin_anew(&mut entry.note);
        }
        if let Some(upload) = &self.arguments.resume {
            let Ok(id) = upload.rsplit('/').next().unwrap_or_default().parse::<Id>() else {
                bail!("{upload} is not an upload's id: see `bedel transfers`");
            };
            entry.note.place = Some(format!("/api/v1/uploads/{id}"));
            entry.note.stored = None;
        }
        entry.note.invocation = Invocation::ours();
        Ok(entry)
    }

    fn begin_anew(&self, note: &mut Note) {
        note.key = self.ids.next().to_string();
        (note.place, note.stored) = (None, None);
    }

    /// The file that was stored before, if the campus still has it and its bytes.
    async fn still_there(&self, stored: &Stored) -> anyhow::Result<Option<File>> {
        let response = self.campus.request(Method::GET, &stored.place).await?.send().await?;
        if matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::GONE) {
            return Ok(None);
        }
        let file: File = read(accept(response).await?).await?;
        Ok(file.sha256.as_ref().is_none_or(|theirs| *theirs == stored.sha256).then_some(file))
    }
}
