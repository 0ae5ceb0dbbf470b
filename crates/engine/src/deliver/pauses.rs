//! How long is waited before something is tried again.

use std::time::Duration;

use caravan_model::Shard;
use jiff::SignedDuration;

use super::results::{Settled, Verdict};

/// The first pause before another try.
const FIRST_SECS: i64 = 10;
/// The longest pause.
const LONGEST_SECS: i64 = 3 * 3_600;
/// The longest pause that is granted to the other side.
const LONGEST_ASKED: SignedDuration = SignedDuration::from_hours(24);

/// Doubled with every attempt, spread by a quarter to either side so that messages do not come back together; never
/// shorter than the other side asked for. The same key and attempt always pause equally long.
pub fn before_try(key: &str, attempt: i64, asked: Option<Duration>) -> SignedDuration {
    let doublings = u32::try_from(attempt.clamp(1, 20) - 1).unwrap_or(0);
    let base = (FIRST_SECS * 2_i64.pow(doublings)).min(LONGEST_SECS);
    let spread = Shard::of_key(&format!("{key}/{attempt}")).0 - 128;
    let pause = SignedDuration::from_millis(base * 1_000 + base * 1_000 * spread / 512);
    pause.max(granted(asked))
}

/// The longest pause that the other side asked for at a shut door.
pub fn rest_asked_for(settled: &[Settled]) -> SignedDuration {
    let asked = settled.iter().map(|settled| match settled.verdict {
        Verdict::Shut { after, .. } => granted(after),
        _ => SignedDuration::ZERO,
    });
    asked.max().unwrap_or_default()
}

fn granted(asked: Option<Duration>) -> SignedDuration {
    asked.and_then(|asked| SignedDuration::try_from(asked).ok()).unwrap_or_default().min(LONGEST_ASKED)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const SECOND: SignedDuration = SignedDuration::from_secs(1);

    #[test]
    fn pauses_double_up_to_three_hours_and_are_spread_by_a_quarter_to_either_side() {
        for attempt in 1..=33_u32 {
            let base = (SECOND * 10 * 2_i32.pow((attempt - 1).min(15))).min(SECOND * 3 * 3_600);
            let pauses: Vec<SignedDuration> =
                (0..500).map(|n| before_try(&format!("k-{n}"), attempt.into(), None)).collect();
            assert!(pauses.iter().all(|pause| (base * 3 / 4..=base * 5 / 4).contains(pause)), "{attempt}");
            let different: BTreeSet<SignedDuration> = pauses.iter().copied().collect();
            assert!(different.len() > 100, "those that failed together do not come back together");
            let (early, late) = (pauses.iter().filter(|pause| **pause < base).count(), base * 9 / 8);
            assert!((150..350).contains(&early) && pauses.iter().any(|pause| *pause > late), "to either side: {early}");
        }
        assert_eq!(before_try("k", 3, None), before_try("k", 3, None), "a process that begins anew counts the same");
    }

    #[test]
    fn nobody_comes_back_sooner_than_asked_and_no_other_side_asks_for_more_than_a_day() {
        let pause = |asked: u64| before_try("k", 1, Some(Duration::from_secs(asked)));
        assert_eq!(pause(0), before_try("k", 1, None), "asking for less does not hurry anybody");
        assert_eq!((pause(90), pause(1_000_000)), (SECOND * 90, SECOND * 86_400));
        assert_eq!(pause(u64::MAX), before_try("k", 1, None), "what is no time is not heard");
    }
}
