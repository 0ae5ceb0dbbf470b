//! The front door: the one binary, `caravan`. Configuration, command line, wiring and telemetry; never a rule of the domain.

mod bench;
mod commands;
mod config;
mod demo;
mod failure;
mod mail;
mod manifests;
mod report;
mod telemetry;
mod web;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = commands::Cli::parse();
    let json = cli.common.json;
    failure::exit_code(commands::run(cli), json)
}
