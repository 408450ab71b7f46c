//! The service alone, for measuring: no gateway, no accounts. Prints its address, then a token, and serves until killed.
//!
//! `cargo run --release -p bedel-files --example files-alone -- /tmp/somewhere`

use std::sync::Arc;

use api::auth::{Claims, Signer, TokenKind, UserRole, Verifier, generate_keys};
use kernel::clock::{Clock, SystemClock};
use kernel::config;
use kernel::data_dir::DataDir;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = DataDir::new(std::env::args().nth(1).ok_or("which folder?")?);
    data.create()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids = IdSource::from_os(Arc::clone(&clock));
    let (pem, jwks) = generate_keys(&ids);
    let verifier = Arc::new(Verifier::new(&jwks, Arc::clone(&clock))?);
    let sql = store::Sql::open("files", &config::Sql::default(), &data).await?;
    store::migrate(&sql, files::migrations()).await?;
    let lifecycle = Lifecycle::new();
    let built = files::build(files::Deps {
        sql,
        blobs: Arc::new(store::LocalBlobs::open(data.blobs())?),
        live: store::open_live(&config::Live::default(), &data, Arc::clone(&clock)).await?,
        clock: Arc::clone(&clock),
        ids: ids.clone(),
        verifier: Arc::clone(&verifier),
        settings: config::Files::default(),
        data: data.clone(),
        lifecycle: lifecycle.clone(),
        replica: "files-1".to_owned(),
    })?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let now = clock.now().as_seconds();
    let claims = Claims {
        sub: ids.next(),
        username: "bench".to_owned(),
        role: UserRole::Student,
        courses: Vec::new(),
        carnet: None,
        scopes: None,
        iat: now,
        exp: now + 86_400,
        jti: ids.next().to_string(),
        sid: None,
        kind: TokenKind::Access,
    };
    println!("http://{}\n{}", listener.local_addr()?, Signer::from_pem(&pem)?.sign(&claims));
    let router = api::Service::new("files", "files-1", verifier).routes(built.routes).checks(built.checks).build();
    api::serve(listener, router, lifecycle).await;
    Ok(())
}
