//! `bedel get`: a ranged download into `PATH.part` that goes on wherever it broke, then a digest, then a rename.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use reqwest::{Method, StatusCode};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::progress::{Patience, Progress, retry_after};
use super::{Campus, File, accept, ls, put, read, tls};
use crate::cli::Get;

/// How long no byte may come before the connection is given up.
const STALL: Duration = Duration::from_secs(25);

/// Downloads a file.
///
/// # Errors
/// If there is no such file, it cannot be written, or its digest is wrong.
pub(crate) async fn get(arguments: Get) -> anyhow::Result<()> {
    let campus = Campus::open()?;
    let file = find(&campus, &arguments.file).await?;
    let target = match arguments.output {
        Some(path) if path.is_dir() => path.join(safe_name(&file)?),
        Some(path) => path,
        None => PathBuf::from(safe_name(&file)?),
    };
    let progress = Progress::new(&file.name, file.size);
    download(&campus, &file, &target, &progress).await?;
    progress.done(&format!("{} bytes in {}", file.size, target.display()));
    if arguments.json {
        println!("{}", serde_json::to_string(&serde_json::json!({ "path": target, "file": file }))?);
    }
    Ok(())
}

/// The file of this id, else the only one of exactly this name.
async fn find(campus: &Campus, wanted: &str) -> anyhow::Result<File> {
    if wanted.parse::<kernel::id::Id>().is_ok() {
        let response = campus.request(Method::GET, &format!("/files/{wanted}")).await?.send().await?;
        return read(response).await;
    }
    let named: Vec<File> = ls::find(campus, wanted).await?.into_iter().filter(|file| file.name == wanted).collect();
    match <[File; 1]>::try_from(named) {
        Ok([file]) => Ok(file),
        Err(none) if none.is_empty() => bail!("no file is called {wanted}: see `bedel ls`"),
        Err(several) => {
            let ids: Vec<_> = several.into_iter().map(|file| file.id).collect();
            bail!("several files are called {wanted}; name one by its id: {}", ids.join(", "))
        }
    }
}

/// The campus's word is not enough to choose a place outside the folder.
fn safe_name(file: &File) -> anyhow::Result<String> {
    match Path::new(&file.name).file_name() {
        Some(name) if name.to_str() == Some(file.name.as_str()) => Ok(file.name.clone()),
        _ => bail!("the file's name ({:?}) is no place in this folder: pass -o PATH", file.name),
    }
}

async fn download(campus: &Campus, file: &File, target: &Path, progress: &Progress) -> anyhow::Result<()> {
    // The id in its name ties a partial download to the bytes it is part of.
    let mut name = target.as_os_str().to_owned();
    name.push(format!(".{}.part", file.id));
    let part = PathBuf::from(name);
    let mut patience = Patience::default();
    let mut expected = None;
    loop {
        let have = tokio::fs::metadata(&part).await.map_or(0, |seen| seen.len());
        if have > 0 && have < file.size && progress.reached() < have {
            progress.resumed(have);
        }
        if have >= file.size && expected.is_some() {
            break;
        }
        match attempt(campus, file, &part, have, progress).await? {
            Attempt::Ended { digest } => expected = Some(digest),
            Attempt::Broken { why, asked } => {
                let Some(pause) = patience.next(progress.reached(), asked) else {
                    bail!("no progress for long: {why}")
                };
                progress.waiting(&why, pause);
                tokio::time::sleep(pause).await;
            }
        }
    }
    let found = digest_of(&part).await?;
    if let Some(wanted) = expected.flatten().or_else(|| file.sha256.clone())
        && wanted != found
    {
        tokio::fs::remove_file(&part).await?;
        bail!("the digest is wrong (sha256 {found}, not {wanted}); what came was thrown away: run the command again");
    }
    tokio::fs::rename(&part, target).await.with_context(|| format!("cannot write {}", target.display()))
}

enum Attempt {
    /// Every byte asked for has come; the digest the campus named, in hex.
    Ended { digest: Option<String> },
    /// Asking again may help.
    Broken { why: String, asked: Option<Duration> },
}

async fn attempt(campus: &Campus, file: &File, part: &Path, have: u64, progress: &Progress) -> anyhow::Result<Attempt> {
    let broken = |why: String| Ok(Attempt::Broken { why, asked: None });
    let request = match campus.request(Method::GET, &format!("/files/{}/content", file.id)).await {
        Ok(request) => request,
        Err(error) => return broken(format!("{error:#}")),
    };
    let request =
        if have > 0 && have < file.size { request.header("range", format!("bytes={have}-")) } else { request };
    let response = match tokio::time::timeout(STALL, request.send()).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return broken(put::reason(&error)),
        Err(_) => return broken("the connection stalled".to_owned()),
    };
    let status = response.status();
    if status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::UNAUTHORIZED) {
        return Ok(Attempt::Broken { why: format!("the campus answered {status}"), asked: retry_after(&response) });
    }
    let response = accept(response).await?;
    let digest = response.headers().get("repr-digest").and_then(|value| sha256_of_header(value.to_str().ok()?));
    let mut options = tokio::fs::OpenOptions::new();
    options.create(true);
    if status == StatusCode::PARTIAL_CONTENT {
        options.append(true)
    } else {
        options.write(true).truncate(true)
    };
    let mut out = options.open(part).await.with_context(|| format!("cannot write {}", part.display()))?;
    let mut at = if status == StatusCode::PARTIAL_CONTENT { have } else { 0 };
    let mut pieces = response.bytes_stream();
    let outcome = loop {
        match tokio::time::timeout(STALL, pieces.next()).await {
            Ok(Some(Ok(piece))) => {
                out.write_all(&piece).await.with_context(|| format!("cannot write {}", part.display()))?;
                at += piece.len() as u64;
                progress.reach(at);
            }
            Ok(Some(Err(error))) => break Some(put::reason(&error)),
            Ok(None) => break None,
            Err(_) => break Some("the connection stalled".to_owned()),
        }
    };
    out.flush().await?;
    match outcome {
        None if at == file.size => {
            out.sync_all().await?;
            Ok(Attempt::Ended { digest })
        }
        None => broken("the answer ended early".to_owned()),
        Some(why) => broken(why),
    }
}

/// `sha-256=:BASE64:` among the members of a `Repr-Digest` (RFC 9530), as hex.
fn sha256_of_header(header: &str) -> Option<String> {
    let member = header.split(',').find_map(|member| member.trim().strip_prefix("sha-256=:"))?;
    Some(tls::hex(&STANDARD.decode(member.strip_suffix(':')?).ok()?))
}

/// The SHA-256 of a file, in hex.
///
/// # Errors
/// If it cannot be read.
pub(super) async fn digest_of(path: &Path) -> anyhow::Result<String> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut hasher = Sha256::new();
        let mut file = std::fs::File::open(&path)?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            match std::io::Read::read(&mut file, &mut buffer)? {
                0 => return Ok(tls::hex(&hasher.finalize())),
                read => hasher.update(&buffer[..read]),
            }
        }
    })
    .await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_found_among_others() {
        let header = "sha-512=:AAAA:, sha-256=:AQI=:";
        assert_eq!(sha256_of_header(header).as_deref(), Some("0102"));
        assert_eq!(sha256_of_header("md5=:AA==:"), None);
    }
}
