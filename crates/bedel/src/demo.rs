//! Demonstration users and files, made through the same HTTP interface as anybody's.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Context;
use kernel::data_dir::{DataDir, replace_file};
use kernel::id::IdSource;
use reqwest::Client;
use serde_json::{Value, json};

use crate::client::read;
use crate::keys;

struct DemoUser {
    username: &'static str,
    name: &'static str,
    role: &'static str,
    carnet: Option<u64>,
    courses: &'static [&'static str],
}

const USERS: [DemoUser; 3] = [
    DemoUser { username: "marta", name: "Marta Ixchel Solís", role: "staff", carnet: None, courses: &[] },
    DemoUser {
        username: "ramiro", name: "Ramiro Quiñónez", role: "professor", carnet: None, courses: &["SO1", "BD1"]
    },
    DemoUser { username: "lucia", name: "Lucía Peña", role: "student", carnet: Some(202_300_123), courses: &[] },
];

/// Name, title, type, category, bytes.
const FILES: [(&str, &str, &str, &[u8]); 3] = [
    ("bienvenida.txt", "Bienvenida", "text/plain", include_bytes!("../demo/bienvenida.txt")),
    ("campus.png", "El campus al atardecer", "image/png", include_bytes!("../demo/campus.png")),
    ("campana.wav", "Campana", "audio/wav", include_bytes!("../demo/campana.wav")),
];

/// Makes what is missing; a second call on the same data does nothing.
///
/// # Errors
/// If the campus refuses, with what it said.
pub(crate) async fn ensure(data: &DataDir, url: &str, admin_password: &str, ids: &IdSource) -> anyhow::Result<()> {
    let kept = data.root().join("demo-users");
    if kept.exists() {
        return Ok(());
    }
    let client = Client::builder().timeout(Duration::from_secs(30)).build()?;
    let log_in = json!({ "username": "admin", "password": admin_password });
    let answer: Value = read(client.post(format!("{url}/api/v1/auth/login")).json(&log_in).send().await?)
        .await
        .context("the administrator could not log in to make the demonstration users")?;
    let token = answer["access_token"].as_str().context("a log-in gives a token")?;
    let mut passwords = String::new();
    for DemoUser { username, name, role, carnet, courses } in USERS {
        let password = keys::password(ids);
        let mut user = json!({
            "username": username,
            "name": name,
            "email": format!("{username}@campus.example"),
            "role": role,
            "password": password,
            "courses": courses,
        });
        if let Some(carnet) = carnet {
            user["carnet"] = carnet.into();
        }
        let request = client.post(format!("{url}/api/v1/users")).bearer_auth(token).json(&user);
        read::<Value>(request.send().await?).await.with_context(|| format!("demonstration user {username}"))?;
        let _ = writeln!(passwords, "{username} {password}");
    }
    for (name, title, kind, bytes) in FILES {
        let request = client.put(format!("{url}/api/v1/files")).query(&[("name", name)]);
        let request = request.bearer_auth(token).header("content-type", kind).body(bytes);
        let stored: Value = read(request.send().await?).await.with_context(|| format!("demonstration file {name}"))?;
        let id = stored["id"].as_str().context("a stored file has an id")?;
        let details = json!({ "title": title, "visibility": "campus", "category": "demo" });
        let request = client.patch(format!("{url}/api/v1/files/{id}")).bearer_auth(token).json(&details);
        read::<Value>(request.send().await?).await.with_context(|| format!("demonstration file {name}"))?;
    }
    replace_file(&kept, passwords.as_bytes()).with_context(|| format!("cannot write {}", kept.display()))
}
