//! What tests stand on.

use std::sync::Arc;

use api::auth::{Claims, Signer, TokenKind, UserRole, Verifier, generate_keys};
use grades::model::{Record, Route, Rules, Semester, Submission};
use grades::{Recorder, RecorderDeps};
use kernel::clock::{Clock, SystemClock};
use kernel::config;
use kernel::data_dir::DataDir;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use kernel::live::Live;
use kernel::secret::Secret;
use store::Sql;
use testkit::mariadb::MariaDb;

/// A folder, keys, and processes that end with it.
pub struct Stage {
    pub data: DataDir,
    pub lifecycle: Lifecycle,
    pub clock: Arc<dyn Clock>,
    pub ids: IdSource,
    pub verifier: Arc<Verifier>,
    signer: Signer,
    _folder: tempfile::TempDir,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.lifecycle.stop();
        self.lifecycle.hard().cancel();
    }
}

impl Stage {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::new(folder.path().join("data"));
        data.create().expect("the data folder");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids = IdSource::from_os(Arc::clone(&clock));
        let (pem, jwks) = generate_keys(&ids);
        let signer = Signer::from_pem(&pem).expect("a key");
        let verifier = Arc::new(Verifier::new(&jwks, Arc::clone(&clock)).expect("keys"));
        Self { data, lifecycle: Lifecycle::new(), clock, ids, verifier, signer, _folder: folder }
    }

    /// A token of somebody; `courses` are a professor's.
    pub fn token(&self, role: UserRole, courses: &[&str]) -> Secret<Arc<str>> {
        let now = self.clock.now().as_seconds();
        let token = self.signer.sign(&Claims {
            sub: self.ids.next(),
            username: "ana".to_owned(),
            role,
            courses: courses.iter().map(|course| (*course).to_owned()).collect(),
            carnet: None,
            scopes: None,
            iat: now,
            exp: now + 600,
            jti: self.ids.next().to_string(),
            sid: Some(self.ids.next().to_string()),
            kind: TokenKind::Access,
        });
        Secret::new(token.into())
    }

    /// The tables of grades, on SQLite or where `url` says.
    pub async fn sql(&self, url: &str) -> Sql {
        let config = config::Sql { url: Secret::new(url.to_owned()), connections: 4 };
        let sql = Sql::open("grades", &config, &self.data).await.expect("opens");
        store::migrate(&sql, grades::migrations()).await.expect("migrates");
        sql
    }

    pub async fn live(&self) -> Arc<dyn Live> {
        store::open_live(&config::Live::default(), &self.data, Arc::clone(&self.clock)).await.expect("opens")
    }

    /// What writes, as a process called `replica` has it.
    pub fn recorder(&self, sql: &Sql, route: Route, replica: &str) -> Recorder {
        Recorder::spawn(RecorderDeps {
            sql: sql.clone(),
            clock: Arc::clone(&self.clock),
            ids: self.ids.clone(),
            rules: rules(),
            route,
            replica: replica.to_owned(),
            queue: 1024,
            lifecycle: self.lifecycle.clone(),
        })
    }
}

/// Both engines: `sqlite`, and a MariaDB that lives as long as it is held.
pub async fn engines() -> [(String, Option<MariaDb>); 2] {
    let mariadb = MariaDb::start().await;
    [("sqlite".to_owned(), None), (mariadb.url("campus"), Some(mariadb))]
}

pub fn rules() -> Rules {
    Rules::new(["SO1", "BD1"].map(str::to_owned), 61)
}

/// A grade of a student in SO1.
pub fn submission(carnet: i64, token: &Secret<Arc<str>>) -> Submission {
    let record = Record {
        carnet,
        nombre: format!("Alumno {carnet}"),
        curso: "SO1".to_owned(),
        nota: 90,
        semestre: Semester::First,
        year: 2023,
    };
    Submission { record, by: Arc::from("ana"), token: token.clone(), key: None }
}
