//! `caravan bench` by itself: `cargo run --release -p caravan-server --example bench -- steps --json`.

#[path = "../src/bench/mod.rs"]
mod bench;

use clap::Parser;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: bench::Args,
    /// A PostgreSQL database in which a scratch schema is made.
    #[arg(long)]
    database: Option<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter("warn").init();
    let measured = bench::run(&cli.args, cli.database.as_deref())?;
    if cli.json {
        println!("{}", serde_json::to_string_pretty(&measured)?);
    } else {
        measured.iter().for_each(|one| println!("{one}"));
    }
    Ok(())
}
