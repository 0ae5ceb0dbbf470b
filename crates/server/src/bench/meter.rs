//! What a measurement reads from the system: time, processor time, memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Clock ticks per second in `/proc`, fixed by Linux for programs.
const TICKS_PER_SECOND: f64 = 100.0;

/// A process as `/proc` knows it.
#[derive(Debug, Clone, Copy)]
pub struct Process(pub u32);

impl Process {
    /// This one.
    pub fn own() -> Self {
        Self(std::process::id())
    }

    /// The most memory that it had at once since the last [`Meter::start_of`] it; 0 where the system does not tell.
    pub fn peak_memory_bytes(self) -> u64 {
        let status = self.read("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
    }

    fn cpu_seconds(self) -> f64 {
        cpu_seconds(&self.read("stat"))
    }

    fn read(self, what: &str) -> String {
        fs::read_to_string(self.file(what)).unwrap_or_default()
    }

    fn file(self, what: &str) -> String {
        format!("/proc/{}/{what}", self.0)
    }
}

/// A thread as `/proc` knows it.
#[derive(Debug, Clone)]
pub struct Task(PathBuf);

impl Task {
    /// The thread to which `/proc/thread-self` leads there.
    pub fn at(link: &Path) -> Self {
        Self(Path::new("/proc").join(link).join("stat"))
    }

    /// Processor time of the thread; 0 where the system does not tell.
    pub fn cpu_seconds(&self) -> f64 {
        cpu_seconds(&fs::read_to_string(&self.0).unwrap_or_default())
    }
}

/// User and system time in a `stat` file.
fn cpu_seconds(stat: &str) -> f64 {
    // The name in brackets may contain blanks; the two are the 12th and 13th field after it.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS_PER_SECOND
}

/// Wall time and a process's processor time since it was started.
pub struct Meter {
    started: Instant,
    process: Process,
    cpu: f64,
}

impl Meter {
    /// Starts with this process.
    pub fn start() -> Self {
        Self::start_of(Process::own())
    }

    /// Starts, and forgets the process's earlier peaks of memory.
    pub fn start_of(process: Process) -> Self {
        // Where the system refuses it, the peak includes what came before.
        let _ = fs::write(process.file("clear_refs"), "5");
        Self { started: Instant::now(), process, cpu: process.cpu_seconds() }
    }

    /// Wall time.
    pub fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Processor time of all threads of the process; 0 where the system does not tell.
    pub fn cpu(&self) -> f64 {
        self.process.cpu_seconds() - self.cpu
    }
}

/// The most memory that this process had at once since the last [`Meter::start`]; 0 where the system does not tell.
pub fn peak_memory_bytes() -> u64 {
    Process::own().peak_memory_bytes()
}

/// The duration that `share` (0 to 1) of them do not exceed, in milliseconds.
pub fn percentile_ms(sorted: &[Duration], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = (last as f64 * share).round() as usize;
    sorted.get(at).map(|took| took.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_durations_that_occurred() {
        let all: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(percentile_ms(&all, 0.99), Some(99.0));
        assert_eq!(percentile_ms(&all, 1.0), Some(100.0));
        assert_eq!(percentile_ms(&[], 0.5), None);
    }

    #[test]
    fn work_takes_processor_time_and_memory() {
        let meter = Meter::start();
        let mut sum = 0_u64;
        while meter.cpu() < 0.02 && meter.seconds() < 20.0 {
            sum = (0..100_000_u64).fold(sum, u64::wrapping_add);
        }
        assert!(meter.cpu() >= 0.02, "{sum}");
        assert!(peak_memory_bytes() > 1_000_000);
    }
}
