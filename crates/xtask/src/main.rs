//! Chores of the project itself, run as `cargo xtask NAME`. Never part of what users get.

mod r#gen;
mod layers;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask check-layers     which room may know which, against the real dependencies
       cargo xtask gen [--check]    writes what follows from the code, or says what is stale";

fn main() -> anyhow::Result<ExitCode> {
    match std::env::args().nth(1).as_deref() {
        Some("check-layers") => layers::check(),
        Some("gen") => r#gen::run(std::env::args().nth(2).as_deref() == Some("--check")),
        _ => {
            eprintln!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}
