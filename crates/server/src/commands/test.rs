//! `caravan test`: scripted scenarios on the simulator. No store is needed: manifests and scenario say everything.

use std::path::{Path, PathBuf};

use caravan_engine::scenario::{Scenario, ScenarioReport, read_scenarios, run_scenario};
use serde_json::json;

use super::Context;
use crate::failure::{Done, Failure, Outcome};
use crate::{manifests, report};

/// What `test` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// File of scenarios, or a folder of them; - reads standard input
    #[arg(required = true, value_name = "FILE|DIR")]
    files: Vec<PathBuf>,
    /// Only scenarios whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

pub fn run(context: &Context, args: &Args) -> Outcome {
    let scenarios = read(&args.files)?;
    let wanted = |scenario: &&Scenario| args.only.as_ref().is_none_or(|text| scenario.name.contains(text));
    let mut reports = Vec::new();
    for scenario in scenarios.iter().filter(wanted) {
        let reported = run_scenario(scenario, &manifests_of(scenario)?)?;
        if !context.json {
            print(&reported)?;
        }
        reports.push(reported);
    }
    let failed = reports.iter().filter(|reported| !reported.passed).count();
    let passed = reports.len() - failed;
    match context.json {
        true => report::json(&json!({"passed": passed, "failed": failed, "scenarios": reports}))?,
        false => report::line(format!("{passed} passed, {failed} failed"))?,
    }
    match (reports.is_empty(), failed) {
        (true, _) => Err(Failure::usage("no_scenario", "No scenario has this name. Look at the names in the files.")),
        (false, 0) => Ok(Done::All),
        (false, _) => Err(Failure::Reported),
    }
}

/// Every scenario of every file; all mistakes at once.
fn read(files: &[PathBuf]) -> Result<Vec<Scenario>, Failure> {
    let mut scenarios = Vec::new();
    let mut findings = Vec::new();
    for (file, text) in manifests::read(files)? {
        match read_scenarios(&text, &file) {
            Ok(found) => scenarios.extend(found),
            Err(wrong) => findings.extend(wrong),
        }
    }
    if findings.is_empty() { Ok(scenarios) } else { Err(Failure::Invalid(findings)) }
}

/// The manifests that a scenario names, from where its file lies.
fn manifests_of(scenario: &Scenario) -> Result<Vec<(String, String)>, Failure> {
    let folder = Path::new(&scenario.file).parent().unwrap_or(Path::new(""));
    let paths: Vec<PathBuf> = scenario.manifests.iter().map(|path| folder.join(path)).collect();
    manifests::read(&paths)
}

fn print(reported: &ScenarioReport) -> std::io::Result<()> {
    let ScenarioReport { scenario, file, line, passed, failures, .. } = reported;
    report::line(format!("{}  {scenario}  ({file}:{line})", if *passed { "ok    " } else { "FAILED" }))?;
    for failure in failures {
        report::line(format!("  {file}:{}: {}", failure.line.unwrap_or(*line), failure.message))?;
    }
    Ok(())
}
