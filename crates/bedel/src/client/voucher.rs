//! `bedel voucher`: lets somebody without an account upload for oneself.

use anyhow::bail;
use kernel::clock::{Clock, SystemClock};
use reqwest::Method;
use serde_json::{Value, json};

use super::progress::amount;
use super::{Campus, accept, list, read};
use crate::cli::{Voucher, VoucherAction};

/// Makes a voucher, lists vouchers, or removes one.
///
/// # Errors
/// If there is no such voucher, one may not, or the campus cannot be asked.
pub(crate) async fn voucher(arguments: Voucher) -> anyhow::Result<()> {
    match &arguments.action {
        Some(VoucherAction::List { json }) => all(*json).await,
        Some(VoucherAction::Remove { id }) => remove(id).await,
        None => make(&arguments).await,
    }
}

async fn make(arguments: &Voucher) -> anyhow::Result<()> {
    let campus = Campus::open()?;
    let wanted = json!({
        "note": arguments.note,
        "expires_at": arguments.expires.map(|until| until.moment(SystemClock.now())),
        "max_files": arguments.files,
        "max_bytes": arguments.size,
    });
    let mut made: Value = read(campus.request(Method::POST, "/vouchers").await?.json(&wanted).send().await?).await?;
    let link = campus.link(&made)?;
    made["url"] = link.clone().into();
    if arguments.json {
        println!("{made}");
        return Ok(());
    }
    println!("{link}");
    let (url, token) = (campus.url(), made["token"].as_str().unwrap_or_default());
    let id = made["id"].as_str().unwrap_or_default();
    eprintln!("Send this link to your guest; it is not shown again. It takes {}.", takes(&made));
    eprintln!(
        "The guest opens it in a browser and drops files there. If the connection breaks, the same link goes on."
    );
    eprintln!("From a terminal, without an account (any tus 1.0 client does, with the header X-Bedel-Voucher):");
    eprintln!(
        "  curl {url}/api/v1/uploads -H 'Tus-Resumable: 1.0.0' -H 'X-Bedel-Voucher: {token}' \\\n    \
         -H 'Content-Type: application/offset+octet-stream' -H \"Upload-Length: $(stat -c %s FILE)\" \\\n    \
         -H \"Upload-Metadata: filename $(basename FILE | tr -d '\\n' | base64 -w 0)\" --data-binary @FILE"
    );
    eprintln!("What has arrived, with digests: {url}/api/v1/vouchers/{token}/receipt");
    eprintln!("To end it: bedel voucher remove {id}");
    Ok(())
}

async fn all(json: bool) -> anyhow::Result<()> {
    let campus = Campus::open()?;
    let vouchers: Vec<Value> = list(&campus, "/vouchers", &[]).await?;
    if json {
        vouchers.iter().for_each(|voucher| println!("{voucher}"));
        return Ok(());
    }
    if vouchers.is_empty() {
        println!("No vouchers. Make one: bedel voucher --for 'Thesis of Ana'");
    }
    for voucher in vouchers {
        let text = |name: &str| voucher[name].as_str().unwrap_or_default();
        let files = voucher["files"].as_u64().unwrap_or(0);
        let bytes = amount(voucher["bytes"].as_u64().unwrap_or(0));
        let note = if text("note").is_empty() { String::new() } else { format!("  ({})", text("note")) };
        println!(
            "{}  {:<8}  {files} files, {bytes}, of {}  for {}{note}",
            text("id"),
            text("state"),
            takes(&voucher),
            text("owner_name")
        );
    }
    Ok(())
}

async fn remove(id: &str) -> anyhow::Result<()> {
    if id.parse::<kernel::id::Id>().is_err() {
        bail!("{id} is not a voucher's id: see `bedel voucher list`");
    }
    let campus = Campus::open()?;
    accept(campus.request(Method::DELETE, &format!("/vouchers/{id}")).await?.send().await?).await?;
    println!("The voucher {id} takes nothing any more. What arrived stays.");
    Ok(())
}

/// What a voucher takes, as a person reads it.
fn takes(voucher: &Value) -> String {
    let files = voucher["max_files"].as_u64().unwrap_or(0);
    let bytes = voucher["max_bytes"].as_u64().map(|most| format!(", {} together", amount(most))).unwrap_or_default();
    format!("{files} files{bytes}, until {}", voucher["expires_at"].as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_voucher_takes_is_said() {
        let voucher = json!({ "max_files": 10, "max_bytes": 5_000_000_000_u64, "expires_at": "2026-12-31T23:59:59Z" });
        assert_eq!(takes(&voucher), "10 files, 5.00 GB together, until 2026-12-31T23:59:59Z");
        let free = json!({ "max_files": 1, "max_bytes": null, "expires_at": "2026-12-31T23:59:59Z" });
        assert_eq!(takes(&free), "1 files, until 2026-12-31T23:59:59Z");
    }
}
