//! `caravan bench`: how fast this machine runs journeys, on a store that is thrown away afterwards.
//!
//! Beside each figure stands the machine's own limit: a plain SQL loop that writes the same rows in transactions of the
//! same size on the same kind of store, in the same run.

mod bare;
mod book;
mod deliver;
mod dialogue;
mod idle;
mod import;
mod latency;
mod meter;
mod scratch;
mod simulate;
mod sink;
mod steps;

use std::fmt;

use serde::Serialize;

use self::scratch::Scratch;

/// A scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// Travellers of a ten-node account journey walk from entry to end; then again beside others that wait.
    Steps,
    /// A million people and their accounts are imported.
    Import,
    /// The runtime of a million waiting travellers does nothing.
    Idle,
    /// Personal, tracked messages are handed to a mail server on this machine.
    Deliver,
    /// A twelve-node journey is simulated for 90 days.
    Simulate,
    /// Accounts that listen are moved by a thousand events a second.
    Latency,
}

/// What to measure.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Scenarios; without any, `steps` and `import`
    #[arg(value_enum)]
    pub scenarios: Vec<Scenario>,
    /// Accounts that travel (steps, simulate: 10 people each) or wait (idle), people that come in (import), messages
    /// (deliver), events (latency)
    #[arg(long, value_name = "N")]
    pub travellers: Option<u64>,
    /// So many others wait while accounts travel (steps), one measurement for each; 0: none
    #[arg(long, value_name = "N,N", value_delimiter = ',', default_values_t = [10_000, 1_000_000])]
    pub waiting: Vec<u64>,
    /// How long an idle runtime is watched
    #[arg(long, value_name = "S", default_value_t = 20)]
    pub seconds: u64,
}

/// What a scenario found. Figures that it does not have are left out.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Measured {
    /// Its name.
    pub scenario: &'static str,
    /// `embedded` or `postgres`.
    pub store: &'static str,
    /// Accounts that travelled or waited, people that were imported, messages that were delivered, events that came.
    pub travellers: u64,
    /// Days of virtual time that were simulated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simulated_days: Option<f64>,
    /// Nodes left per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transitions_per_s: Option<f64>,
    /// The same of the plain SQL loop over the same rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bare_transitions_per_s: Option<f64>,
    /// People imported per second, with their accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub people_per_s: Option<f64>,
    /// The same of plain inserts of the same rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bare_people_per_s: Option<f64>,
    /// Messages handed over per second, with their ledger rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_per_s: Option<f64>,
    /// The same per second of processor time of this process (without the mail server's and a PostgreSQL server's).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_per_cpu_s: Option<f64>,
    /// The same of the same bytes in a bare SMTP dialogue, with as many connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bare_messages_per_s: Option<f64>,
    /// Bare RSA-2048 signatures per second of one core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signatures_per_s: Option<f64>,
    /// How long a message is on the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_bytes: Option<f64>,
    /// The engine's share of the plain loop's speed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// Enrollment rows written per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enrollment_commits_per_s: Option<f64>,
    /// Executions of actions per second, one for each person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_outcomes_per_s: Option<f64>,
    /// The same beside others that wait: it must not depend on how many there are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub growth: Vec<Growth>,
    /// Events that came in per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events_per_s: Option<f64>,
    /// Half of the steps took at most so long, from claim to commit; of events (latency), from their arrival to the commit
    /// that moved their account to the next node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<f64>,
    /// 99 of 100 took at most so long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<f64>,
    /// Processor time of this process per million transitions (without a PostgreSQL server's).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_s_per_million: Option<f64>,
    /// The same of the plain SQL loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bare_cpu_s_per_million: Option<f64>,
    /// Share of one core that it took; above 1 on several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_share: Option<f64>,
    /// The most memory that this process had at once.
    pub peak_memory_bytes: u64,
    /// How much the store grew for each traveller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_per_traveller: Option<f64>,
    /// How long the measurement took.
    pub seconds: f64,
}

/// What steps take while others wait.
#[derive(Debug, Clone, Serialize)]
pub struct Growth {
    /// How many enrollments wait beside those that are due.
    pub waiting: u64,
    /// Nodes left per second.
    pub transitions_per_s: f64,
    /// Processor time of this process per million transitions.
    pub cpu_s_per_million: f64,
}

/// Measures each scenario on a scratch store: embedded, or in a scratch schema of the database at `database`.
///
/// # Errors
/// When the store cannot be made or fails.
pub fn run(args: &Args, database: Option<&str>) -> anyhow::Result<Vec<Measured>> {
    let usual = [Scenario::Steps, Scenario::Import];
    let scenarios = if args.scenarios.is_empty() { &usual[..] } else { &args.scenarios };
    let mut measured = Vec::new();
    for scenario in scenarios {
        match scenario {
            Scenario::Steps => {
                measured.push(steps::measure(database, args.travellers.unwrap_or(20_000), &args.waiting)?);
            }
            Scenario::Import => measured.push(import::measure(database, args.travellers.unwrap_or(1_000_000))?),
            Scenario::Idle => {
                measured.push(idle::measure(database, args.travellers.unwrap_or(1_000_000), args.seconds)?);
            }
            Scenario::Deliver => measured.extend(deliver::measure(database, args.travellers.unwrap_or(20_000))?),
            Scenario::Simulate => measured.push(simulate::measure(database, args.travellers.unwrap_or(10_000))?),
            Scenario::Latency => measured.push(latency::measure(database, args.travellers.unwrap_or(20_000))?),
        }
    }
    Ok(measured)
}

impl Measured {
    /// What the percentiles are of.
    fn timed(&self) -> &'static str {
        if self.events_per_s.is_some() { "event to next node" } else { "step" }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} on {}, {} travellers, {:.1} s", self.scenario, self.store, self.travellers, self.seconds)?;
        let mut line = |name: &str, value: Option<f64>, unit: &str| match value {
            Some(value) if value >= 100.0 => writeln!(f, "  {name:<30}{value:>14.0} {unit}"),
            Some(value) => writeln!(f, "  {name:<30}{value:>14.2} {unit}"),
            None => Ok(()),
        };
        line("virtual time", self.simulated_days, "days")?;
        line("transitions", self.transitions_per_s, "/s")?;
        line("  of the plain SQL loop", self.bare_transitions_per_s, "/s")?;
        line("people", self.people_per_s, "/s")?;
        line("  of plain inserts", self.bare_people_per_s, "/s")?;
        line("messages", self.messages_per_s, "/s")?;
        line("  of the bare dialogue", self.bare_messages_per_s, "/s")?;
        line("messages per core", self.messages_per_cpu_s, "/s of processor time")?;
        line("bare RSA-2048 signatures", self.signatures_per_s, "/s of one core")?;
        line("message", self.message_bytes, "bytes")?;
        line("  ratio", self.ratio, "")?;
        line("enrollment commits", self.enrollment_commits_per_s, "/s")?;
        line("person outcomes", self.person_outcomes_per_s, "/s")?;
        line("events", self.events_per_s, "/s")?;
        line(&format!("{}, half", self.timed()), self.p50_ms, "ms")?;
        line(&format!("{}, 99 of 100", self.timed()), self.p99_ms, "ms")?;
        line("processor", self.cpu_s_per_million, "s per million transitions")?;
        line("  of the plain SQL loop", self.bare_cpu_s_per_million, "s per million transitions")?;
        line("share of a core", self.cpu_share.map(|share| share * 100.0), "%")?;
        line("peak memory", Some(self.peak_memory_bytes as f64 / 1e6), "MB")?;
        line("store per traveller", self.bytes_per_traveller, "bytes")?;
        for growth in &self.growth {
            line(&format!("beside {} waiting", growth.waiting), Some(growth.transitions_per_s), "/s")?;
            line("  processor", Some(growth.cpu_s_per_million), "s per million transitions")?;
        }
        Ok(())
    }
}
