//! What this machine's disk allows and what the store makes of it: small writes per second with group commit, and
//! 12 × 100 MB of blobs beside `dd conv=fdatasync`. `cargo run --release -p bedel-store --example throughput -- FOLDER`
#![expect(clippy::unwrap_used, reason = "a measurement ends at the first failure")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::join_all;
use futures::{FutureExt, StreamExt};
use kernel::blobs::{BlobKey, Blobs};
use kernel::config;
use kernel::data_dir::DataDir;
use sea_orm::{ConnectionTrait, Statement};
use store::{DbContext, LocalBlobs, Sql, StoreError};

const FILES: usize = 12;
const FILE: u64 = 100_000_000;

#[tokio::main]
async fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "target/throughput".to_owned());
    std::fs::create_dir_all(&folder).unwrap();
    let folder = tempfile::tempdir_in(folder).unwrap();
    fsyncs(folder.path());
    let data = DataDir::new(folder.path().join("data"));
    for (processes, tasks) in [(1, 1), (1, 16), (1, 64), (1, 256), (3, 64)] {
        writes(&data, processes, tasks).await;
    }
    for _ in 0..3 {
        dd(folder.path());
        uploads(folder.path(), u64::MAX).await;
        uploads(folder.path(), 8 << 20).await;
    }
    downloads(folder.path()).await;
}

fn fsyncs(folder: &Path) {
    use std::os::unix::fs::FileExt;
    let file = std::fs::File::create(folder.join("fsync")).unwrap();
    let began = Instant::now();
    let mut count = 0_u64;
    while began.elapsed() < Duration::from_secs(2) {
        file.write_all_at(&[7; 4096], count * 4096).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    println!("disk: {:.0} fdatasync/s of 4 KiB each", count as f64 / began.elapsed().as_secs_f64());
}

async fn writes(data: &DataDir, processes: usize, tasks: usize) {
    let mut handles = Vec::new();
    for _ in 0..processes {
        handles.push(Sql::open("bench", &config::Sql::default(), data).await.unwrap());
    }
    let make = "CREATE TABLE IF NOT EXISTS bench (id bigint NOT NULL PRIMARY KEY, text varchar(100) NOT NULL)";
    let made: Result<(), StoreError> = handles[0]
        .write(move |transaction| {
            async move { transaction.execute_unprepared(make).await.context("make").map(drop) }.boxed()
        })
        .await;
    made.unwrap();
    static IDS: AtomicU64 = AtomicU64::new(0);
    let began = Instant::now();
    let running = (0..tasks).map(|task| {
        let sql = handles[task % processes].clone();
        tokio::spawn(async move {
            let mut took = Vec::new();
            while began.elapsed() < Duration::from_secs(3) {
                let id = i64::try_from(IDS.fetch_add(1, Ordering::Relaxed)).unwrap();
                let asked = Instant::now();
                let written: Result<(), StoreError> = sql
                    .write(move |transaction| {
                        async move {
                            let statement = Statement::from_sql_and_values(
                                transaction.get_database_backend(),
                                "INSERT INTO bench (id, text) VALUES (?, ?)",
                                [id.into(), "a small record of a campus".into()],
                            );
                            transaction.execute_raw(statement).await.context("insert").map(drop)
                        }
                        .boxed()
                    })
                    .await;
                written.unwrap();
                took.push(asked.elapsed());
            }
            took
        })
    });
    let mut took: Vec<Duration> = join_all(running).await.into_iter().flat_map(Result::unwrap).collect();
    let rate = took.len() as f64 / began.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "sqlite: {processes} handles, {tasks} writers: {rate:.0} writes/s, p50 {:.1} ms, p99 {:.1} ms, worst {:.1} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

fn dd(folder: &Path) {
    let began = Instant::now();
    let children: Vec<_> = (0..FILES)
        .map(|turn| {
            Command::new("dd")
                .args(["if=/dev/zero", "bs=1M", "iflag=count_bytes", "conv=fdatasync", "status=none"])
                .arg(format!("count={FILE}"))
                .arg(format!("of={}", folder.join(format!("dd-{turn}")).display()))
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    report("12 dd conv=fdatasync", began);
    for turn in 0..FILES {
        std::fs::remove_file(folder.join(format!("dd-{turn}"))).unwrap();
    }
}

fn report(what: &str, began: Instant) {
    let rate = (FILES as u64 * FILE) as f64 / 1e6 / began.elapsed().as_secs_f64();
    println!("{what}: {rate:.0} MB/s");
}

async fn uploads(folder: &Path, sync_every: u64) {
    let root = folder.join("blobs");
    let _ = std::fs::remove_dir_all(&root);
    let blobs = LocalBlobs::open(&root).unwrap();
    let piece = Bytes::from((0..64 << 10).map(|byte: u32| ((byte * 31) >> 3) as u8).collect::<Vec<_>>());
    let began = Instant::now();
    let running = (0..FILES).map(|turn| {
        let (blobs, piece) = (blobs.clone(), piece.clone());
        tokio::spawn(async move {
            let mut writer = blobs.create(&BlobKey::new(format!("up{turn}/1.part")).unwrap()).await.unwrap();
            let (mut written, mut synced) = (0, 0);
            while written < FILE {
                let length = (FILE - written).min(256 << 10);
                let pieces = (0..length.div_ceil(64 << 10))
                    .map(|place| piece.slice(..usize::try_from((length - place * (64 << 10)).min(64 << 10)).unwrap()))
                    .collect();
                writer.append(pieces).await.unwrap();
                written += length;
                if written - synced >= sync_every {
                    synced = writer.sync().await.unwrap();
                }
            }
            assert_eq!(writer.sync().await.unwrap(), FILE);
        })
    });
    join_all(running).await.into_iter().for_each(Result::unwrap);
    let how = if sync_every == u64::MAX { "one sync at the end" } else { "a sync every 8 MiB" };
    report(&format!("12 blobs, {how}"), began);
}

async fn downloads(folder: &Path) {
    let blobs = Arc::new(LocalBlobs::open(folder.join("blobs")).unwrap());
    for _ in 0..2 {
        let began = Instant::now();
        let running = (0..FILES).map(|turn| {
            let blobs = Arc::clone(&blobs);
            tokio::spawn(async move {
                let key = BlobKey::new(format!("up{turn}/1.part")).unwrap();
                let mut pieces = blobs.read(&key, 0..FILE).await.unwrap();
                let mut length = 0;
                while let Some(piece) = pieces.next().await {
                    length += piece.unwrap().len() as u64;
                }
                assert_eq!(length, FILE);
            })
        });
        join_all(running).await.into_iter().for_each(Result::unwrap);
        report("12 blobs read", began);
    }
}
