//! Addresses that bounce softly (a full mailbox, a server in trouble) again and again rest for a while.
//!
//! Three bounces over ten days or more, none of them long after the one before, and the address rests for thirty days:
//! whoever has it is skipped with `email_suspended`. Then it is tried again. A single bad week is no reason.

use caravan_catalog::Changes;
use caravan_model::attribute::{AttributeNo, person};
use caravan_store::{Session, StoreError, soft_bounces};
use jiff::{SignedDuration, Timestamp};

use super::results::set_flag;
use crate::Engine;
use crate::tracking::write;

/// What it is called on the stream.
const SOURCE: &str = "delivery";
/// The person's flag while the address rests.
const SUSPENDED: (AttributeNo, &str) = (person::EMAIL_SUSPENDED, "email_suspended");
/// So many bounces …
const BOUNCES: i64 = 3;
/// … over so long a time …
const OVER: SignedDuration = SignedDuration::from_hours(10 * 24);
/// … let an address rest for so long.
const RESTS: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A bounce longer after the one before is the first again.
const FORGETS: SignedDuration = SignedDuration::from_hours(60 * 24);
/// Addresses woken in one transaction.
const WOKEN: usize = 500;

/// Codes of bounces that say something about the mailbox, and may pass.
pub fn is_soft(code: &str) -> bool {
    matches!(code, "bounced_soft" | "mailbox_full")
}

/// A folded address bounced softly.
pub fn bounced(s: &mut dyn Session, address: &str, changes: &mut Changes, now: Timestamp) -> Result<(), StoreError> {
    let row = soft_bounces::count(s, address, now, now - FORGETS)?;
    let again_and_again = row.bounces >= BOUNCES && now.duration_since(row.first_at) >= OVER;
    if !again_and_again || row.rests_until.is_some() {
        return Ok(());
    }
    soft_bounces::rest(s, address, now + RESTS)?;
    for person in soft_bounces::awake_at(s, address)? {
        set_flag(changes, person, SUSPENDED, true, SOURCE, now);
    }
    Ok(())
}

/// Lets addresses be written to again that have rested. Returns how many.
///
/// # Errors
/// The store's.
pub fn wake(engine: &Engine) -> Result<usize, StoreError> {
    let rested = engine.store().read(|s| -> Result<bool, StoreError> {
        let now = s.now()?;
        Ok(soft_bounces::next_rested(s)?.is_some_and(|at| at <= now))
    })?;
    if !rested {
        return Ok(0);
    }
    let woken = engine.store().write(|s| {
        let live = engine.live(s)?;
        let now = s.now()?;
        let addresses = soft_bounces::take_rested(s, now, WOKEN)?;
        let mut changes = Changes::default();
        for person in soft_bounces::resting_at(s, &addresses)? {
            set_flag(&mut changes, person, SUSPENDED, false, SOURCE, now);
        }
        write(s, &live, now, changes)?;
        Ok::<_, StoreError>(addresses.len())
    })?;
    engine.poke();
    Ok(woken)
}
