//! `caravan run --until-idle`: the runtime in the foreground, for scripts and tests.

use std::time::Duration;

use caravan_engine::runtime::{self, IdleReport};

use super::Context;
use crate::failure::{Done, Failure, Outcome};
use crate::wiring::Running;
use crate::{report, web};

/// What `run` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Until nothing is due now; what waits for a time or is tried again later stays
    #[arg(long, required = true)]
    until_idle: bool,
    /// How long at most: 90s, 5m, 1h
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    timeout: Duration,
}

pub fn run(context: &Context, args: &Args) -> Outcome {
    let running = Running::begin(&context.settings)?;
    let listen = web::url_of(context.settings.listen);
    let dispatcher = running.dispatcher(context.settings.public_url.as_deref().unwrap_or(&listen));
    let done = runtime::run_until_idle(&running.engine, Some(&dispatcher), args.timeout)?;
    if context.json {
        report::json(&done)?;
    } else {
        print(&done)?;
    }
    if done.idle {
        return Ok(Done::All);
    }
    eprintln!("caravan: the time was over before everything was done; repeat with a longer --timeout");
    Err(Failure::Reported)
}

fn print(done: &IdleReport) -> std::io::Result<()> {
    let IdleReport { idle, steps, transitions, effects, retried_later } = done;
    report::line(format!("{steps} steps, {transitions} nodes left, {effects} effects settled"))?;
    if *retried_later > 0 {
        report::line(format!("{retried_later} effects are tried again later"))?;
    }
    report::line(if *idle { "nothing is due now" } else { "not done" })
}

/// `90s`, `5m`, `1h`, `500ms`.
pub fn duration(written: &str) -> Result<Duration, String> {
    let digits = written.find(|c: char| !c.is_ascii_digit()).unwrap_or(written.len());
    let (number, unit) = written.split_at(digits);
    let millis_each = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err("write a number and ms, s, m or h, 90s say".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "write a number and ms, s, m or h, 90s say".to_owned())?;
    number.checked_mul(millis_each).map(Duration::from_millis).ok_or_else(|| "that is too long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_numbers_with_a_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        for bad in ["", "90", "s", "1 h", "-1s", "1.5h", "99999999999999999999s", "18446744073709551615h"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
