#![doc = include_str!("../README.md")]

mod agent;
mod cli;
mod client;
mod control;
mod demo;
mod keys;
mod logging;
mod openapi;
mod roles;
mod settings;
mod status;
mod up;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command, Config};
use kernel::config::ConfigError;

/// A download is always ready to go on, so that a thread would look for new requests only after this many of their pieces.
const TURNS_BETWEEN_LOOKS: u32 = 8;

/// The exit code of bad configuration.
const BAD_CONFIGURATION: u8 = 64;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("bedel: another TLS provider is installed already");
        return ExitCode::FAILURE;
    }
    // Two threads serve a replica: a campus runs many replicas, and more of them when there is more to do.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().event_interval(TURNS_BETWEEN_LOOKS).build();
    let outcome = match runtime {
        Ok(runtime) => {
            let outcome = runtime.block_on(run(cli.command));
            runtime.shutdown_timeout(std::time::Duration::from_millis(200));
            outcome
        }
        Err(error) => Err(error.into()),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("bedel: {error:#}");
        ExitCode::from(if error.is::<ConfigError>() { BAD_CONFIGURATION } else { 1 })
    })
}

/// Prints a document. Who reads only its beginning (`| head`) has what they wanted.
fn show(document: &str) -> std::io::Result<()> {
    use std::io::{ErrorKind, Write};
    match std::io::stdout().lock().write_all(document.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Up(arguments) => return up::up(arguments).await,
        Command::Run(arguments) => return roles::run(arguments).await,
        Command::Down(arguments) => control::down(&arguments).await?,
        Command::Status(arguments) => return status::status(arguments).await,
        Command::Scale(arguments) => control::scale(arguments).await?,
        Command::Restart(arguments) => control::restart(arguments).await?,
        Command::Migrate(arguments) => {
            let (config, data) = settings::load(&arguments, toml::Table::new())?;
            roles::migrate(&config, &data).await?;
            println!("Every service's tables are up to date.");
        }
        Command::Config(Config::Init) => show(&kernel::config::Config::template())?,
        Command::Config(Config::Schema) => show(&kernel::config::Config::schema())?,
        Command::Config(Config::Check(arguments)) => {
            let (config, _) = settings::load(&arguments, toml::Table::new())?;
            show(&toml::to_string(&config)?)?;
        }
        Command::Openapi => show(&(openapi::document() + "\n"))?,
        Command::Login(arguments) => client::login::login(arguments).await?,
        Command::Put(arguments) => client::put::put(arguments).await?,
        Command::Get(arguments) => client::get::get(arguments).await?,
        Command::Transfers(arguments) => client::transfers::transfers(arguments).await?,
        Command::Share(arguments) => client::share::share(arguments).await?,
        Command::Voucher(arguments) => client::voucher::voucher(arguments).await?,
        Command::Ls(arguments) => client::ls::ls(arguments).await?,
        Command::Rm(arguments) => client::rm::rm(arguments).await?,
        Command::Rooms(command) => return client::rooms::rooms(command).await,
        Command::Backup(command) => return client::backup::backup(command).await,
        Command::Agent(arguments) => return agent::agent(arguments).await,
        Command::Restore(arguments) => client::restore::restore(arguments).await?,
    }
    Ok(ExitCode::SUCCESS)
}
