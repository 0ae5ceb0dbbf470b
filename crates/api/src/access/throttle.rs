//! Slows down whoever tries passwords: in memory, bounded, per address and email.

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

/// Wrong passwords in a row that cost nothing.
const FREE: u32 = 5;
/// How long the first refusal lasts; each further wrong password doubles it.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(5);
/// How long a refusal lasts at most, and after how long without a try everything is forgotten.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(15);
/// Pairs remembered at most.
const MOST: usize = 10_000;

type Who = (Option<IpAddr>, String);

#[derive(Debug, Clone, Copy)]
struct Tries {
    wrong: u32,
    last: Timestamp,
}

/// Wrong passwords, lately.
#[derive(Debug, Default)]
pub struct Throttle {
    tries: Mutex<HashMap<Who, Tries>>,
}

impl Throttle {
    /// How long this pair must wait before the next try; none when it may try now.
    pub fn wait(&self, address: Option<IpAddr>, email: &str, now: Timestamp) -> Option<SignedDuration> {
        let tries = self.tries.lock().get(&(address, email.to_owned())).copied()?;
        let until = tries.last.checked_add(pause(tries.wrong)).unwrap_or(Timestamp::MAX);
        (until > now).then(|| until.duration_since(now))
    }

    /// Remembers a wrong password.
    pub fn wrong(&self, address: Option<IpAddr>, email: &str, now: Timestamp) {
        let mut tries = self.tries.lock();
        if tries.len() >= MOST {
            tries.retain(|_, tries| now.duration_since(tries.last) < LONGEST_PAUSE);
        }
        if tries.len() >= MOST {
            // Somebody tries thousands of names: the oldest half is forgotten, so that memory stays bounded.
            let mut times: Vec<Timestamp> = tries.values().map(|tries| tries.last).collect();
            times.sort_unstable();
            let middle = times.get(times.len() / 2).copied().unwrap_or(now);
            tries.retain(|_, tries| tries.last > middle);
        }
        let entry = tries.entry((address, email.to_owned())).or_insert(Tries { wrong: 0, last: now });
        if now.duration_since(entry.last) >= LONGEST_PAUSE {
            entry.wrong = 0;
        }
        *entry = Tries { wrong: entry.wrong.saturating_add(1), last: now };
    }

    /// Forgets a pair that knew the password.
    pub fn right(&self, address: Option<IpAddr>, email: &str) {
        self.tries.lock().remove(&(address, email.to_owned()));
    }
}

fn pause(wrong: u32) -> SignedDuration {
    match wrong.checked_sub(FREE) {
        None => SignedDuration::ZERO,
        Some(over) => FIRST_PAUSE.checked_mul(1 << over.min(10)).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("in range")
    }

    #[test]
    fn five_mistakes_are_free_then_each_doubles_the_wait() {
        let throttle = Throttle::default();
        for _ in 0..4 {
            throttle.wrong(None, "a@x", at(0));
            assert_eq!(throttle.wait(None, "a@x", at(0)), None);
        }
        throttle.wrong(None, "a@x", at(0));
        assert_eq!(throttle.wait(None, "a@x", at(1)), Some(SignedDuration::from_secs(4)));
        assert_eq!(throttle.wait(None, "a@x", at(5)), None);
        assert_eq!(throttle.wait(None, "b@x", at(1)), None, "others are not held up");
        throttle.wrong(None, "a@x", at(5));
        assert_eq!(throttle.wait(None, "a@x", at(5)), Some(SignedDuration::from_secs(10)));
        throttle.right(None, "a@x");
        assert_eq!(throttle.wait(None, "a@x", at(5)), None);
    }

    #[test]
    fn thousands_of_names_do_not_fill_the_memory() {
        let throttle = Throttle::default();
        for n in 0..3 * MOST {
            throttle.wrong(None, &format!("{n}@x"), at(n as i64 / 100));
        }
        assert!(throttle.tries.lock().len() <= MOST);
    }
}
