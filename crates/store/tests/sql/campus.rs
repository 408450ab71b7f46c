//! A database, whichever engine keeps it, and ways to open it as another process would.

use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::config;
use kernel::data_dir::DataDir;
use kernel::secret::Secret;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, Value};
use store::schema::{ColumnDef, Migration, Table, index, number as number_column};
use store::{DbContext, Sql, StoreError, migration};
use testkit::mariadb::MariaDb;

pub(crate) struct Campus {
    _folder: tempfile::TempDir,
    pub(crate) data: DataDir,
    pub(crate) url: String,
    pub(crate) maria: Option<MariaDb>,
}

impl Campus {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { data: DataDir::new(folder.path().join("data")), _folder: folder, url: "sqlite".to_owned(), maria: None }
    }

    pub(crate) async fn mariadb() -> Self {
        let maria = MariaDb::start().await;
        Self { url: maria.url("campus"), maria: Some(maria), ..Self::sqlite() }
    }

    /// A handle as a process has it.
    pub(crate) async fn open(&self) -> Sql {
        open(&self.url, &self.data, "tests").await
    }

    pub(crate) async fn migrated(&self) -> Sql {
        let sql = self.open().await;
        store::migrate(&sql, migrations()).await.expect("migrates");
        sql
    }
}

pub(crate) async fn open(url: &str, data: &DataDir, service: &'static str) -> Sql {
    let config = config::Sql { url: Secret::new(url.to_owned()), connections: 4 };
    Sql::open(service, &config, data).await.expect("opens")
}

pub(crate) fn migrations() -> Vec<Box<dyn Migration>> {
    vec![Box::new(MakeNotes), Box::new(IndexNotes)]
}

migration!(
    MakeNotes,
    "note",
    Table::create()
        .table("note")
        .col(ColumnDef::new("name").string_len(100).not_null().primary_key())
        .col(number_column("value"))
        .to_owned()
);
migration!(IndexNotes, "note-value", index("note_value", "note", &["value"]));

/// Runs one statement.
pub(crate) async fn run(transaction: &DatabaseTransaction, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
    transaction.execute_raw(statement).await.context("run").map(|done| done.rows_affected())
}

/// One number.
pub(crate) async fn number(connection: &impl ConnectionTrait, sql: &str) -> i64 {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection.query_one_raw(statement).await.expect("reads").expect("a row");
    row.try_get_by_index(0).expect("a number")
}

/// A write that notes `name`.
pub(crate) fn note(
    name: &str,
    value: i64,
) -> impl for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<(), StoreError>> + Send + Sync + 'static {
    let name = name.to_owned();
    move |transaction| {
        let name = name.clone();
        async move {
            run(transaction, "INSERT INTO note (name, value) VALUES (?, ?)", vec![name.into(), value.into()])
                .await
                .map(drop)
        }
        .boxed()
    }
}
