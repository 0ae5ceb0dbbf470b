//! Starts the fakes of other systems, so that the whole app can be tried without the real ones; see
//! `docs/how-to/try-without-the-real-systems.md`.

use std::path::PathBuf;
use std::process::ExitCode;

use caravan_testkit::by_hand::{ByHand, Options};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

/// Fakes of Marketo Engage, LinkedIn, Adobe Experience Platform, Twilio, S3, external services and a receiver of webhooks, to try
/// Caravan with
#[derive(Debug, Parser)]
struct Arguments {
    /// Where Caravan listens; answers and reports are posted there
    #[arg(long, default_value = "127.0.0.1:8080")]
    caravan: String,
    /// The public address that Caravan is set to
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    public_url: String,
    /// The first of nine ports, one for each fake; 0 takes whichever are free
    #[arg(long, default_value_t = 9400)]
    first_port: u16,
    /// Where the settings and secrets are written that connect Caravan to the fakes
    #[arg(long, default_value = "fakes")]
    folder: PathBuf,
}

fn main() -> ExitCode {
    let Arguments { caravan, public_url, first_port, folder } = Arguments::parse();
    let fakes = ByHand::start(&Options { caravan, public_url, first_port });
    let settings = match fakes.write_settings(&folder) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("The settings cannot be written to {}: {error}", folder.display());
            return ExitCode::FAILURE;
        }
    };
    for (name, address, what) in fakes.addresses() {
        println!("{name:<16}{address:<36}{what}");
    }
    println!("\nSettings: {}", settings.display());
    println!("Connect Caravan to them: caravan apply -f {}", settings.display());
    println!("Stop with Ctrl-C; everything they hold is forgotten then.");
    wait_for_the_end();
    ExitCode::SUCCESS
}

/// Until somebody stops it, so that what was started is ended too.
fn wait_for_the_end() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate()).expect("a signal");
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
    });
}
