//! The commands, one file each.

mod apply;
mod backup;
mod bench;
mod connection;
mod copy;
mod demo;
mod destination;
mod diff;
mod doctor;
mod domain;
mod export;
mod groups;
mod import;
mod journey;
mod list;
mod machines;
mod merge;
mod message;
mod run;
mod sample;
mod serve;
mod simulate;
mod test;
mod user;
mod validate;
mod webhook;
mod worker;

use clap::{Parser, Subcommand};

use crate::config::{Common, Settings};
use crate::failure::{Failure, Outcome};
use crate::telemetry;
use crate::wiring;

/// Account journeys: bring accounts and people in, design what should happen to them, and see what did.
///
/// Exit codes: 0 done · 1 failed · 2 wrong usage or invalid input file, nothing was changed · 3 done, but some rows were
/// rejected.
#[derive(Debug, Parser)]
#[command(name = "caravan", version, max_term_width = 120)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a fresh store with sample accounts, live journeys and a mail catcher
    Demo(demo::Args),
    /// Serve API, web app and runtime in one process
    Serve(serve::Args),
    /// Run journeys and deliver messages without API and app
    Worker(worker::Args),
    /// Import accounts, people, activities, opportunities, suppressions, consents or records of an object
    Import(import::Args),
    /// Check manifests without a store: every error with file, line, code and sentence
    Validate(validate::Args),
    /// Create or update what manifests name, all or nothing
    Apply(apply::Args),
    /// Tell what manifests would change: nodes, settings, conditions in words
    Diff(diff::Args),
    /// Print definitions as manifests; applying them again changes nothing
    Export(export::Args),
    /// Publish, pause, resume, close or abort journeys, and count their travellers
    #[command(subcommand)]
    Journey(journey::Verb),
    /// Show, change and export the members of lists and audiences
    #[command(subcommand)]
    List(list::Verb),
    /// Create and maintain buying groups on demand, score everybody, show the jobs
    #[command(subcommand)]
    Groups(groups::Verb),
    /// Make one account or person of two; it cannot be undone
    Merge(merge::Args),
    /// Show emails and text messages as somebody would get them, and send proofs of them
    #[command(subcommand)]
    Message(message::Verb),
    /// Run a journey in virtual time on a copy of the store
    Simulate(simulate::Args),
    /// Run scenarios: given these accounts and events, journeys do this; needs no store
    Test(test::Args),
    /// Run journeys in the foreground until nothing is due now
    Run(run::Args),
    /// Look after connections, services and webhooks: how they are, their secrets, pausing, trying
    #[command(subcommand)]
    Connection(connection::Verb),
    /// Look sending domains up in the DNS
    #[command(subcommand)]
    Domain(domain::Verb),
    /// Load files of programs and networks by which opens and clicks of machines are told
    #[command(subcommand)]
    Machines(machines::Verb),
    /// Try destinations, show the audiences that accounts were put into there
    #[command(subcommand)]
    Destination(destination::Verb),
    /// Make signing secrets of outgoing webhooks
    #[command(subcommand)]
    Webhook(webhook::Verb),
    /// Add users, and reset their passwords
    #[command(subcommand)]
    User(user::UserVerb),
    /// Make tokens for programs
    #[command(subcommand)]
    Token(user::TokenVerb),
    /// Copy a whole store to another place, a directory to PostgreSQL say, and compare the two
    Copy(copy::Args),
    /// Write the embedded store into one file, beside a running server too
    Backup(backup::Args),
    /// Make an embedded store of a backup, in a new directory
    Restore(backup::Args),
    /// Look at configuration, store, clock and connections: one line each, with what to do
    Doctor,
    /// Write sample data that follows from a seed, as import files and manifests
    Sample(sample::Args),
    /// Measure this machine on a store that is thrown away, beside a plain SQL loop over the same rows
    Bench(bench::Args),
}

/// What a command works with.
pub struct Context {
    /// What is set.
    pub settings: Settings,
    /// Results as JSON.
    pub json: bool,
}

impl Context {
    /// An engine over the store.
    pub fn engine(&self) -> Result<caravan_engine::Engine, Failure> {
        let engine = wiring::engine(&self.settings)?;
        self.settings.public_url.iter().for_each(|url| engine.reached_at(url));
        Ok(engine)
    }
}

/// Does what the command line asks for.
pub fn run(cli: Cli) -> Outcome {
    let settings = match &cli.command {
        Command::Demo(args) => demo::settings(&cli.common, args)?,
        command => Settings::read(&cli.common, command.listen())?,
    };
    telemetry::start(settings.log_format, cli.command.log_level());
    let context = Context { settings, json: cli.common.json };
    match cli.command {
        Command::Demo(_) => demo::run(&context),
        Command::Serve(_) => serve::run(&context),
        Command::Worker(_) => worker::run(&context),
        Command::Import(args) => import::run(&context, &args),
        Command::Validate(args) => validate::run(&context, &args),
        Command::Apply(args) => apply::run(&context, &args),
        Command::Diff(args) => diff::run(&context, &args),
        Command::Export(args) => export::run(&context, &args),
        Command::Journey(verb) => journey::run(&context, &verb),
        Command::List(verb) => list::run(&context, &verb),
        Command::Groups(verb) => groups::run(&context, &verb),
        Command::Merge(args) => merge::run(&context, &args),
        Command::Message(verb) => message::run(&context, &verb),
        Command::Simulate(args) => simulate::run(&context, &args),
        Command::Test(args) => test::run(&context, &args),
        Command::Run(args) => run::run(&context, &args),
        Command::Connection(verb) => connection::run(&context, &verb),
        Command::Domain(verb) => domain::run(&context, &verb),
        Command::Machines(verb) => machines::run(&context, &verb),
        Command::Destination(verb) => destination::run(&context, &verb),
        Command::Webhook(verb) => webhook::run(&context, &verb),
        Command::User(verb) => user::user(&context, &verb),
        Command::Token(verb) => user::token(&context, &verb),
        Command::Copy(args) => copy::run(&context, &args),
        Command::Backup(args) => backup::back_up(&context, &args),
        Command::Restore(args) => backup::restore(&context, &args),
        Command::Doctor => doctor::run(&context),
        Command::Sample(args) => sample::run(&context, &args),
        Command::Bench(args) => bench::run(&context, &args),
    }
}

impl Command {
    fn listen(&self) -> Option<&str> {
        match self {
            Self::Serve(args) => args.listen.as_deref(),
            Self::Worker(args) => Some(&args.listen),
            _ => None,
        }
    }

    /// Servers tell what they do, commands only what goes wrong.
    fn log_level(&self) -> &'static str {
        match self {
            Self::Serve(_) | Self::Worker(_) => "info",
            _ => "warn",
        }
    }
}
