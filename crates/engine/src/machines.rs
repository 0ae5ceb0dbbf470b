//! Requests that no person makes: crawlers, previews and security gateways, which follow every link of a message.
//!
//! Several ways of telling them, each off, logged or filtered by the organisation's settings: by what they call themselves
//! and where they come from, by a link that no person sees, by following a link before anybody can have read the message,
//! and by several links of one message followed at nearly the same time. What is filtered is counted apart and kept to be looked at;
//! neither scores, journeys nor rates see it. A click that the next ones may give away is held until they cannot any more.

mod known;
mod lists;

use std::net::IpAddr;

use caravan_connect::tracking::{HIDDEN_LINK, SigningKeys};
use caravan_model::EffectId;
use caravan_model::document::{Machines, Treatment};
use caravan_store::uses::{self, UseKind};
use caravan_store::{Session, StoreError, held_clicks, ledger};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json};

pub(crate) use self::known::Known;
pub use self::lists::{CheckedList, Loaded, MOST_BYTES, MachineList, clear, file, loaded};
use crate::live::Live;

/// What Apple's mail privacy protection calls itself: it fetches every picture, whether or not anybody looks.
const APPLE_PREFETCH: &str = "mozilla/5.0";
/// How Gmail's proxy ends when it fetches before anybody looks; when somebody looks, it names itself.
const GMAIL_PREFETCH: &str = "edge/12.246 mozilla/5.0";
/// Proxies that fetch pictures for those who look. Before anybody can have read the message, they fetch for nobody.
const PICTURE_PROXIES: &[&str] = &["googleimageproxy", "yahoomailproxy"];
/// The longest time in which several links are followed by one machine.
const LONGEST_BURST: u8 = 3;
/// Whoever follows the link that no person sees has followed others at most this long before it …
const BEFORE_HIDDEN: SignedDuration = SignedDuration::from_secs(30);
/// … and follows others for at most this long after it.
const AFTER_HIDDEN: SignedDuration = SignedDuration::from_secs(60);
/// How bursts are named.
const BURST: &str = "burst";
/// How the link that no person sees is named.
const HIDDEN: &str = "hidden_link";
/// As exact as instants are kept.
const MOMENT: SignedDuration = SignedDuration::from_micros(1);

/// Who made a request, as far as it tells.
#[derive(Debug, Clone, Default)]
pub struct Visitor {
    /// What the program calls itself (`User-Agent`).
    pub agent: Option<String>,
    /// Where it comes from.
    pub address: Option<IpAddr>,
}

/// A request, as it is judged and kept.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    /// Who made it.
    pub visitor: &'a Visitor,
    /// Makes codes of addresses.
    pub keys: &'a SigningKeys,
}

impl Request<'_> {
    /// What the program calls itself.
    pub fn agent(&self) -> Option<&str> {
        self.visitor.agent.as_deref()
    }

    /// The same for the same address that it came from.
    pub fn address_code(&self) -> Option<String> {
        self.visitor.address.map(|address| self.keys.address_code(address))
    }
}

/// A link that was followed.
#[derive(Debug, Clone, Copy)]
pub struct Followed {
    /// In which message.
    pub effect: EffectId,
    /// Its number.
    pub link: u16,
    /// When the message was handed over; none: its results are still on their way.
    pub sent_at: Option<Timestamp>,
}

/// What was found out about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A person, as far as one can tell.
    Person,
    /// A machine, told by this; it counts all the same, because the settings only log it.
    Logged(&'static str),
    /// A machine, told by this; it does not count.
    Machine(&'static str),
    /// Of a blocked network: nothing is kept of it.
    Blocked,
}

impl Verdict {
    /// Whether it counts.
    pub fn counts(self) -> bool {
        matches!(self, Self::Person | Self::Logged(_))
    }

    /// How a machine was told that counts all the same.
    pub fn pattern(self) -> Option<&'static str> {
        if let Self::Logged(pattern) = self { Some(pattern) } else { None }
    }
}

fn treated(treatment: Treatment, pattern: &'static str) -> Verdict {
    match treatment {
        Treatment::Off => Verdict::Person,
        Treatment::Log => Verdict::Logged(pattern),
        Treatment::Filter => Verdict::Machine(pattern),
    }
}

/// Judges an open of a message that was handed over then. Where the picture is fetched twice, or while links are followed,
/// the open before it that nobody was told of yet is a machine's too.
pub fn opens(
    s: &mut dyn Session,
    live: &Live,
    visitor: &Visitor,
    (effect, sent_at): (EffectId, Option<Timestamp>),
    now: Timestamp,
) -> Result<Judged, StoreError> {
    let machines = live.machines.settings();
    let quick = is_too_quick(machines, Followed { effect, link: 0, sent_at }, now);
    let mut verdict = match live.machines.tell(visitor) {
        Verdict::Person if is_prefetched(visitor, quick) => treated(machines.prefetches, "prefetch"),
        verdict => verdict,
    };
    if verdict != Verdict::Blocked && machines.open_bursts != Treatment::Off {
        ledger::get(s, effect, true)?;
        let since = since(now, window(machines));
        if uses::is_used_since(s, effect, since)? {
            verdict = strongest([verdict, opened_in_a_burst(s, machines, effect, since)?, Verdict::Person]);
        }
    }
    let holds = verdict.counts() && machines.open_bursts != Treatment::Off;
    Ok(Judged { verdict, held_until: holds.then(|| burst_ends(machines, now)) })
}

/// Opens since then were no person's: those that nobody was told of yet are taken back, or say so.
fn opened_in_a_burst(
    s: &mut dyn Session,
    machines: &Machines,
    effect: EffectId,
    since: Timestamp,
) -> Result<Verdict, StoreError> {
    match machines.open_bursts {
        Treatment::Off => {}
        Treatment::Log => held_clicks::rewrite_opens(s, effect, since, |fields| with_pattern(fields, Some(BURST)))?,
        Treatment::Filter => held_clicks::take_back(s, effect, (UseKind::Opened, BURST), since)?,
    }
    Ok(treated(machines.open_bursts, BURST))
}

/// Adds to the fields of an activity whether a machine made it, and how that was told. What is older says nothing of it.
pub fn with_pattern(fields: &mut Map<String, Json>, pattern: Option<&str>) {
    fields.insert("bot".to_owned(), pattern.is_some().into());
    if let Some(pattern) = pattern {
        fields.insert("pattern".to_owned(), pattern.into());
    }
}

/// Whether a mailbox provider fetched a picture by itself.
fn is_prefetched(visitor: &Visitor, quick: bool) -> bool {
    let agent = visitor.agent.as_deref().unwrap_or_default().trim().to_lowercase();
    agent == APPLE_PREFETCH
        || agent.ends_with(GMAIL_PREFETCH)
        || quick && PICTURE_PROXIES.iter().any(|proxy| agent.contains(proxy))
}

/// An open or a click, judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// By what is known so far.
    pub verdict: Verdict,
    /// Until when what is done next may show that a machine made it: nobody is told before. None: told at once, or never.
    pub held_until: Option<Timestamp>,
}

/// Judges a click. Where it is one of several links followed at nearly the same time, or the link that no person sees,
/// those before it that nobody was told of yet are a machine's too.
pub fn clicks(
    s: &mut dyn Session,
    live: &Live,
    visitor: &Visitor,
    followed: Followed,
    now: Timestamp,
) -> Result<Judged, StoreError> {
    let machines = live.machines.settings();
    let mut verdict = live.machines.tell(visitor);
    if verdict != Verdict::Blocked && machines.open_bursts != Treatment::Off {
        ledger::get(s, followed.effect, true)?;
        opened_in_a_burst(s, machines, followed.effect, since(now, window(machines)))?;
    }
    if verdict == Verdict::Person {
        // One click of a message after another, so that each sees those before it.
        ledger::get(s, followed.effect, true)?;
        verdict = by_what_is_followed(s, machines, followed, now)?;
    }
    let held_until = verdict.counts().then(|| told_apart_at(machines, now)).flatten();
    Ok(Judged { verdict, held_until })
}

/// The first instant at which nothing that is followed can give a click of now away.
fn told_apart_at(machines: &Machines, now: Timestamp) -> Option<Timestamp> {
    let burst = (machines.bursts == Treatment::Filter).then(|| burst_ends(machines, now));
    let hidden = (machines.hidden_link == Treatment::Filter).then(|| now + BEFORE_HIDDEN + MOMENT);
    burst.max(hidden)
}

/// The first instant that lies in no burst with now.
fn burst_ends(machines: &Machines, now: Timestamp) -> Timestamp {
    match window(machines) {
        SignedDuration::ZERO => since(now, SignedDuration::ZERO) + SignedDuration::from_secs(1),
        window => now + window + MOMENT,
    }
}

fn by_what_is_followed(
    s: &mut dyn Session,
    machines: &Machines,
    followed: Followed,
    now: Timestamp,
) -> Result<Verdict, StoreError> {
    let hidden = near_hidden_link(s, machines, followed, now)?;
    if !hidden.counts() {
        return Ok(hidden);
    }
    let quick = if is_too_quick(machines, followed, now) { treated(machines.quick, "quick") } else { Verdict::Person };
    let burst = in_a_burst(s, machines, followed, now)?;
    Ok(strongest([hidden, quick, burst]))
}

/// What is filtered weighs more than what is logged.
fn strongest(verdicts: [Verdict; 3]) -> Verdict {
    let filtered = verdicts.into_iter().find(|verdict| !verdict.counts());
    let logged = verdicts.into_iter().find(|verdict| verdict.pattern().is_some());
    filtered.or(logged).unwrap_or(Verdict::Person)
}

/// The link that no person sees, or another one of its message shortly before or after it.
fn near_hidden_link(
    s: &mut dyn Session,
    machines: &Machines,
    Followed { effect, link, .. }: Followed,
    now: Timestamp,
) -> Result<Verdict, StoreError> {
    let treatment = machines.hidden_link;
    if treatment == Treatment::Off {
        // A message that left while the settings asked for it may still carry one; nobody follows it.
        return Ok(if link == HIDDEN_LINK { Verdict::Machine(HIDDEN) } else { Verdict::Person });
    }
    if link == HIDDEN_LINK {
        if treatment == Treatment::Filter {
            held_clicks::take_back(s, effect, (UseKind::Clicked, HIDDEN), now - BEFORE_HIDDEN)?;
        }
        // Nothing is there for a journey to hear.
        return Ok(Verdict::Machine(HIDDEN));
    }
    let others = uses::other_clicks(s, effect, link.into(), now - AFTER_HIDDEN)?;
    let told = others.contains(&HIDDEN_LINK.into());
    Ok(if told { treated(treatment, HIDDEN) } else { Verdict::Person })
}

/// Before anybody can have read the message.
fn is_too_quick(machines: &Machines, followed: Followed, now: Timestamp) -> bool {
    let soon = SignedDuration::from_secs(machines.quick_seconds.into());
    followed.sent_at.is_none_or(|sent_at| now.duration_since(sent_at) < soon)
}

fn in_a_burst(
    s: &mut dyn Session,
    machines: &Machines,
    Followed { effect, link, .. }: Followed,
    now: Timestamp,
) -> Result<Verdict, StoreError> {
    if machines.bursts == Treatment::Off {
        return Ok(Verdict::Person);
    }
    let since = since(now, window(machines));
    if uses::other_clicks(s, effect, link.into(), since)?.is_empty() {
        return Ok(Verdict::Person);
    }
    if machines.bursts == Treatment::Filter {
        held_clicks::take_back(s, effect, (UseKind::Clicked, BURST), since)?;
    }
    Ok(treated(machines.bursts, BURST))
}

/// How far apart the links of a burst are followed at most.
fn window(machines: &Machines) -> SignedDuration {
    SignedDuration::from_secs(machines.burst_seconds.min(LONGEST_BURST).into())
}

/// With a window of nothing: in the same second.
fn since(now: Timestamp, window: SignedDuration) -> Timestamp {
    match window.is_zero() {
        true => Timestamp::from_second(now.as_second()).unwrap_or(now),
        false => now - window,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(agent: &str) -> Visitor {
        Visitor { agent: Some(agent.to_owned()), address: None }
    }

    #[test]
    fn pictures_that_are_fetched_for_nobody_are_told() {
        let gmail = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0";
        let proxy = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)";
        let told = |agent: &str, quick| is_prefetched(&named(agent), quick);
        assert!(told("Mozilla/5.0", false) && told(gmail, false));
        assert!(told(proxy, true) && !told(proxy, false), "who looks later is a person");
        assert!(!told("Mozilla/5.0 (X11)", true));
    }

    #[test]
    fn a_window_of_nothing_is_the_same_second() {
        let now: Timestamp = "2026-12-01T09:00:00.700Z".parse().expect("an instant");
        assert_eq!(since(now, SignedDuration::ZERO).to_string(), "2026-12-01T09:00:00Z");
        assert_eq!(since(now, SignedDuration::from_secs(2)).to_string(), "2026-12-01T08:59:58.7Z");
    }

    #[test]
    fn a_click_is_held_as_long_as_the_next_ones_may_give_it_away() {
        let now: Timestamp = "2026-12-01T09:00:00.7Z".parse().expect("an instant");
        let until = |machines: Machines| told_apart_at(&machines, now).map(|at| at.to_string());
        let machines = Machines::default();
        assert_eq!(until(machines.clone()).as_deref(), Some("2026-12-01T09:00:01Z"), "the second's end");
        let wide = Machines { burst_seconds: 2, ..machines.clone() };
        assert_eq!(until(wide).as_deref(), Some("2026-12-01T09:00:02.700001Z"));
        let hidden = Machines { hidden_link: Treatment::Filter, ..machines.clone() };
        assert_eq!(until(hidden).as_deref(), Some("2026-12-01T09:00:30.700001Z"));
        assert_eq!(
            until(Machines { bursts: Treatment::Log, ..machines }),
            None,
            "what is only logged holds nothing up"
        );
    }

    #[test]
    fn what_is_filtered_weighs_more_than_what_is_logged() {
        let (logged, person) = (Verdict::Logged("quick"), Verdict::Person);
        assert_eq!(strongest([person, logged, Verdict::Machine(BURST)]), Verdict::Machine(BURST));
        assert_eq!(strongest([person, logged, person]), logged);
        assert_eq!(strongest([person; 3]), person);
    }

    #[test]
    fn nobody_reads_a_message_in_no_time() {
        let now: Timestamp = "2026-12-01T09:00:00Z".parse().expect("an instant");
        let sent =
            |secs: i64| Followed { effect: EffectId(1), link: 0, sent_at: Some(now - SignedDuration::from_secs(secs)) };
        let machines = Machines::default();
        assert!(is_too_quick(&machines, sent(1), now) && !is_too_quick(&machines, sent(2), now));
        assert!(is_too_quick(&machines, Followed { sent_at: None, ..sent(9) }, now), "it has hardly left");
    }
}
