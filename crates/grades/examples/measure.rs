//! What writing together saves, and how long statistics take: records a second and a CPU second (this process's and the
//! database's) for plain single inserts and for the recorder, which also keeps students, counts and messages; then each
//! statistic over all of them. `cargo run --release -p bedel-grades --example measure -- sqlite|mariadb RECORDS`
#![expect(clippy::unwrap_used, reason = "a measurement ends at the first failure")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream;
use grades::model::{Record, Route, Rules, Semester, Submission};
use grades::{Ingest, Recorder, RecorderDeps, figures};
use kernel::clock::{Clock, SystemClock};
use kernel::config;
use kernel::data_dir::DataDir;
use kernel::id::IdSource;
use kernel::lifecycle::Lifecycle;
use kernel::secret::Secret;
use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use store::Sql;
use store::query::{all, execute};
use testkit::mariadb::MariaDb;

const CLIENTS: usize = 64;
const COURSES: [&str; 5] = ["SO1", "BD1", "LFP", "SA", "AYD1"];

#[tokio::main]
async fn main() {
    let engine = std::env::args().nth(1).unwrap_or_else(|| "sqlite".to_owned());
    let records: i64 = std::env::args().nth(2).map_or(20_000, |number| number.parse().unwrap());
    let folder = tempfile::tempdir_in(std::env::current_dir().unwrap()).unwrap();
    let data = DataDir::new(folder.path());
    data.create().unwrap();
    let maria = if engine == "mariadb" { Some(MariaDb::start().await) } else { None };
    let url = maria.as_ref().map_or_else(|| "sqlite".to_owned(), |maria| maria.url("measure"));
    let server = maria.as_ref().map(|maria| {
        let path = maria.execute("SELECT @@pid_file");
        std::fs::read_to_string(path.trim()).unwrap().trim().to_owned()
    });
    let settings = config::Sql { url: Secret::new(url), connections: 4 };
    let sql = Sql::open("grades", &settings, &data).await.unwrap();
    store::migrate(&sql, grades::migrations()).await.unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids = IdSource::from_os(Arc::clone(&clock));

    let plain = match &maria {
        Some(_) => sql.reader().clone(),
        None => plain_sqlite(&data).await,
    };
    let few = records.min(20_000);
    let single = measure(server.as_deref(), few, async |number| insert(&plain, &ids, number).await).await;
    println!("single inserts: {single}");
    execute(&plain, "measure", "DELETE FROM grades_records", Vec::new()).await.unwrap();

    let lifecycle = Lifecycle::new();
    let recorder = Recorder::spawn(RecorderDeps {
        sql: sql.clone(),
        clock,
        ids: ids.clone(),
        rules: Rules::new(COURSES.map(str::to_owned), 61),
        route: Route::Redis,
        replica: "grades-redis-1".to_owned(),
        queue: 10_000,
        lifecycle,
    });
    let together = measure(server.as_deref(), records, async |number| {
        let submission =
            Submission { record: record(number), by: "ana".into(), token: Secret::new("".into()), key: None };
        recorder.record(submission).await.unwrap();
    })
    .await;
    println!("written together: {together}");
    println!("records a CPU second: {:.1} times as many", together.a_cpu_second() / single.a_cpu_second());
    statistics(&sql).await;
}

/// Exactly as the store opens its file, but each insert commits by itself.
async fn plain_sqlite(data: &DataDir) -> DatabaseConnection {
    let file = data.sql().join("grades.db");
    let mut options = ConnectOptions::new(format!("sqlite://{}", file.display()));
    options.max_connections(1).sqlx_logging(false).map_sqlx_sqlite_opts(|options| {
        options
            .journal_mode(sea_orm::sqlx::sqlite::SqliteJournalMode::Wal)
            .synchronous(sea_orm::sqlx::sqlite::SqliteSynchronous::Full)
    });
    Database::connect(options).await.unwrap()
}

fn record(number: i64) -> Record {
    let place = |many: usize| usize::try_from(number).unwrap() * 7919 % many;
    Record {
        carnet: 200_000_000 + number,
        nombre: format!("Alumno {number}"),
        curso: COURSES[place(COURSES.len())].to_owned(),
        nota: [50, 60, 70, 80, 90, 100][place(6)],
        semestre: Semester::ALL[place(2)],
        year: 2023,
    }
}

async fn insert(connection: &DatabaseConnection, ids: &IdSource, number: i64) {
    let record = record(number);
    let sql = "INSERT INTO grades_records (id, carnet, curso, semestre, year, nota, route, entered_by, entered_at, \
               changed_at) VALUES (?, ?, ?, ?, ?, ?, 'redis', 'ana', 0, 0)";
    let values = vec![
        ids.next().to_string().into(),
        record.carnet.into(),
        record.curso.into(),
        record.semestre.name().into(),
        record.year.into(),
        record.nota.into(),
    ];
    execute(connection, "measure", sql, values).await.unwrap();
}

struct Speed {
    records: f64,
    took: Duration,
    ours: Duration,
    /// The database's own, where it is a process.
    database: Duration,
}

impl Speed {
    fn a_cpu_second(&self) -> f64 {
        self.records / (self.ours + self.database).as_secs_f64()
    }
}

impl std::fmt::Display for Speed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rate = self.records / self.took.as_secs_f64();
        let [ours, database] = [self.ours, self.database].map(|cpu| cpu.as_secs_f64() * 1e6 / self.records);
        write!(f, "{rate:.0}/s, {:.0} a CPU second: {ours:.0} + {database:.0} us each", self.a_cpu_second())
    }
}

async fn measure(server: Option<&str>, records: i64, send: impl AsyncFn(i64)) -> Speed {
    let used = || (cpu("self"), server.map(cpu).unwrap_or_default());
    let (began, (ours, database)) = (Instant::now(), used());
    stream::iter(1..=records).for_each_concurrent(CLIENTS, |number| send(number)).await;
    let (took, after) = (began.elapsed(), used());
    Speed { records: records as f64, took, ours: after.0 - ours, database: after.1 - database }
}

/// What a process has used: the 14th and 15th field of its `stat`, in ticks of 10 ms.
fn cpu(process: &str) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = [11, 12].map(|place: usize| fields[place].parse::<u64>().unwrap()).iter().sum();
    Duration::from_millis(ticks * 10)
}

async fn statistics(sql: &Sql) {
    let questions = [
        ("passing", "SELECT tally FROM grades_tallies WHERE curso = 'SO1' AND semestre = '1S'"),
        ("top-courses", "SELECT curso, SUM(total) FROM grades_tallies WHERE semestre = '1S' GROUP BY curso"),
        ("top-students", "SELECT carnet, nombre FROM grades_students ORDER BY standing, carnet LIMIT 5"),
        (
            "newest of a course",
            "SELECT r.id, s.nombre FROM grades_records r LEFT JOIN grades_students s ON s.carnet = r.carnet WHERE r.curso = \
             'LFP' ORDER BY r.id DESC LIMIT 50",
        ),
    ];
    for (name, question) in questions {
        let began = Instant::now();
        let rows = all(sql.reader(), "measure", question, Vec::new()).await.unwrap();
        println!("{name}: {:.1} ms, {} rows", began.elapsed().as_secs_f64() * 1e3, rows.len());
    }
    let began = Instant::now();
    let count = figures::totals(sql).await.unwrap().count;
    println!("totals: {:.1} ms, {count} grades", began.elapsed().as_secs_f64() * 1e3);
}
