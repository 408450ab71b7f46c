//! Not tests: what this binary does as another process, started by the tests in `suite`.

use futures::FutureExt;
use kernel::data_dir::DataDir;
use store::{Sql, StoreError};

use crate::campus::{migrations, note, open};

async fn database() -> (Sql, DataDir) {
    let data = DataDir::new(std::env::var("BEDEL_TEST_DATA").expect("given by the parent"));
    let url = std::env::var("BEDEL_TEST_URL").expect("given by the parent");
    (open(&url, &data, "tests").await, data)
}

#[tokio::test]
#[ignore = "run by three_processes_migrate_at_once"]
async fn migrates() {
    println!("\nREADY");
    let data = DataDir::new(std::env::var("BEDEL_TEST_DATA").expect("given by the parent"));
    while !data.root().join("go").exists() {
        std::hint::spin_loop();
    }
    let (sql, _data) = database().await;
    store::migrate(&sql, migrations()).await.expect("migrates");
    println!("\nMIGRATED");
}

#[tokio::test]
#[ignore = "run by a_killed_writer_leaves_no_lock_and_nothing_half"]
async fn writes_half() {
    let (sql, _data) = database().await;
    let never: Result<(), StoreError> = sql
        .write(|transaction| {
            async move {
                note("half", 1)(transaction).await?;
                println!("\nHALF");
                std::future::pending().await
            }
            .boxed()
        })
        .await;
    drop(never);
}
