//! Grades as one writes them in axum: one insert a request.
//!
//! `grades-peer redis` is route 2, `grades-peer client` and `grades-peer server` are the two ends of route 1, and
//! `grades-peer inserts` is the insert alone, with nothing around it.

mod grpc;
mod http;
mod record;
mod sql;

use std::net::SocketAddr;
use std::time::Instant;

use clap::{Args, Parser, Subcommand};
use redis::aio::ConnectionManager;

use record::Record;
use sql::Sql;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    role: Role,
}

#[derive(Subcommand)]
enum Role {
    /// HTTP in, SQL and Redis.
    Redis {
        #[arg(long)]
        listen: SocketAddr,
        #[command(flatten)]
        stores: Stores,
    },
    /// HTTP in, gRPC out.
    Client {
        #[arg(long)]
        listen: SocketAddr,
        /// Where the server is, as http://HOST:PORT.
        #[arg(long)]
        server: String,
    },
    /// gRPC in, SQL and Redis.
    Server {
        #[arg(long)]
        listen: SocketAddr,
        #[command(flatten)]
        stores: Stores,
    },
    /// Inserts records as fast as it can and prints how long that took, in seconds.
    Inserts {
        #[arg(long)]
        sql: String,
        #[arg(long, default_value_t = 64)]
        connections: u32,
        #[arg(long, default_value_t = 100_000)]
        records: u64,
    },
}

#[derive(Args)]
struct Stores {
    /// mysql://… or sqlite:FILE.
    #[arg(long)]
    sql: String,
    #[arg(long, default_value_t = 64)]
    connections: u32,
    /// redis://HOST:PORT; without it there are no live figures.
    #[arg(long)]
    redis: Option<String>,
}

/// Both ends of a store: what a record goes through.
#[derive(Clone)]
struct Ingest {
    sql: Sql,
    live: Option<ConnectionManager>,
}

impl Ingest {
    async fn open(stores: Stores) -> anyhow::Result<Self> {
        let live = match stores.redis {
            Some(url) => Some(redis::Client::open(url)?.get_connection_manager().await?),
            None => None,
        };
        Ok(Self { sql: Sql::open(&stores.sql, stores.connections).await?, live })
    }

    /// Inserts one record, durably, and counts it; gives its id.
    async fn insert(&self, record: &Record) -> anyhow::Result<u64> {
        let id = self.sql.insert(record).await?;
        if let Some(live) = &self.live {
            let count = format!("{}:{}:{}", record.curso, record.semestre, record.year);
            redis::pipe()
                .incr("grades:total", 1)
                .hincr("grades:count", count, 1)
                .lpush("grades:recent", serde_json::to_string(record)?)
                .ltrim("grades:recent", 0, 49)
                .ignore()
                .exec_async(&mut live.clone())
                .await?;
        }
        Ok(id)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().role {
        Role::Redis { listen, stores } => http::serve(listen, http::store(Ingest::open(stores).await?)).await,
        Role::Client { listen, server } => http::serve(listen, http::hand_on(grpc::Client::new(server)?)).await,
        Role::Server { listen, stores } => http::serve(listen, grpc::routes(Ingest::open(stores).await?)).await,
        Role::Inserts { sql, connections, records } => {
            let sql = Sql::open(&sql, connections).await?;
            let began = Instant::now();
            let workers = (0..u64::from(connections)).map(|worker| {
                let sql = sql.clone();
                tokio::spawn(async move {
                    for number in (worker..records).step_by(connections as usize) {
                        sql.insert(&Record::numbered(number)).await?;
                    }
                    anyhow::Ok(())
                })
            });
            for worker in workers.collect::<Vec<_>>() {
                worker.await??;
            }
            println!("{}", began.elapsed().as_secs_f64());
            Ok(())
        }
    }
}
