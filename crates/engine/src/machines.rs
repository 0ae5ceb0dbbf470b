//! Requests that no person makes: crawlers, previews and security gateways, which follow every link of a message.
//!
//! Two ways of telling them, each off, logged or filtered by the organisation's settings: by what they call themselves,
//! and by several links of one message followed at nearly the same time. What is filtered is kept for the figures, and
//! neither scores, journeys nor rates see it.

use caravan_model::EffectId;
use caravan_model::document::{DocumentKind, Machines, Settings, Treatment};
use caravan_store::{Session, StoreError, uses};
use jiff::{SignedDuration, Timestamp};

use crate::live::Live;

/// What machines call themselves, in small letters. What merely fetches for a person (the picture proxies of mailbox
/// providers) is not among them.
const KNOWN: &[&str] = &[
    "bot",
    "crawl",
    "spider",
    "slurp",
    "preview",
    "scan",
    "curl/",
    "wget/",
    "python-requests",
    "python-urllib",
    "aiohttp",
    "go-http-client",
    "libwww",
    "okhttp",
    "apache-httpclient",
    "headless",
    "phantomjs",
    "barracuda",
    "mimecast",
    "proofpoint",
    "symantec",
    "forcepoint",
    "messagelabs",
    "fireeye",
    "trendmicro",
    "sophos",
    "facebookexternalhit",
    "whatsapp",
    "skypeuri",
    "monitor",
    "validator",
    "checker",
];
/// The longest time in which several links are followed by one machine.
const LONGEST_BURST: u8 = 3;

/// Who made a request, as far as it tells.
#[derive(Debug, Clone, Default)]
pub struct Visitor {
    /// What the program calls itself (`User-Agent`).
    pub agent: Option<String>,
}

/// What was found out about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A person, as far as one can tell.
    Person,
    /// A machine, told by this; it counts all the same, because the settings only log it.
    Logged(&'static str),
    /// A machine; it does not count.
    Machine,
}

impl Verdict {
    /// Whether it counts.
    pub fn counts(self) -> bool {
        self != Self::Machine
    }

    /// How a machine was told that counts all the same.
    pub fn pattern(self) -> Option<&'static str> {
        if let Self::Logged(pattern) = self { Some(pattern) } else { None }
    }
}

fn settings(live: &Live) -> Machines {
    let settings = live.definitions.of_kind(DocumentKind::Settings).find_map(|d| d.read::<Settings>());
    settings.map(|settings| settings.machines).unwrap_or_default()
}

fn treated(treatment: Treatment, pattern: &'static str) -> Verdict {
    match treatment {
        Treatment::Off => Verdict::Person,
        Treatment::Log => Verdict::Logged(pattern),
        Treatment::Filter => Verdict::Machine,
    }
}

/// Judges an open.
pub fn opens(live: &Live, visitor: &Visitor) -> Verdict {
    by_name(&settings(live), visitor)
}

/// Judges a click. Where it is one of several links followed at nearly the same time, those before it are taken out of
/// the figures too; what they set off by then stays.
pub fn clicks(
    s: &mut dyn Session,
    live: &Live,
    visitor: &Visitor,
    (effect, link): (EffectId, u16),
    now: Timestamp,
) -> Result<Verdict, StoreError> {
    let machines = settings(live);
    let named = by_name(&machines, visitor);
    if named != Verdict::Person || machines.bursts == Treatment::Off {
        return Ok(named);
    }
    let window = SignedDuration::from_secs(machines.burst_seconds.min(LONGEST_BURST).into());
    let others = uses::other_clicks(s, effect, link.into(), since(now, window))?;
    if others.is_empty() {
        return Ok(Verdict::Person);
    }
    if machines.bursts == Treatment::Filter {
        uses::take_back_clicks(s, effect, &others)?;
    }
    Ok(treated(machines.bursts, "burst"))
}

/// With a window of nothing: in the same second.
fn since(now: Timestamp, window: SignedDuration) -> Timestamp {
    match window.is_zero() {
        true => Timestamp::from_second(now.as_second()).unwrap_or(now),
        false => now - window,
    }
}

fn by_name(machines: &Machines, visitor: &Visitor) -> Verdict {
    let Some(agent) = visitor.agent.as_deref().map(str::to_lowercase) else { return Verdict::Person };
    let more = machines.agents.iter().map(|agent| agent.to_lowercase()).collect::<Vec<_>>();
    let is_known = KNOWN.iter().any(|known| agent.contains(known));
    match is_known || more.iter().any(|known| !known.is_empty() && agent.contains(known)) {
        true => treated(machines.known, "agent"),
        false => Verdict::Person,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(agent: &str) -> Visitor {
        Visitor { agent: Some(agent.to_owned()) }
    }

    #[test]
    fn machines_are_told_by_their_names_and_people_are_not() {
        let machines = Machines { agents: vec!["AcmeGateway".to_owned()], ..Machines::default() };
        for agent in
            ["Mozilla/5.0 (compatible; Googlebot/2.1)", "curl/8.5.0", "Slackbot-LinkExpanding 1.0", "acmegateway 7"]
        {
            assert_eq!(by_name(&machines, &named(agent)), Verdict::Machine, "{agent}");
        }
        let people = [
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0; Pro)",
        ];
        for agent in people {
            assert_eq!(by_name(&machines, &named(agent)), Verdict::Person, "{agent}");
        }
        assert_eq!(by_name(&machines, &Visitor::default()), Verdict::Person);
        let logs = Machines { known: Treatment::Log, ..Machines::default() };
        assert_eq!(by_name(&logs, &named("curl/8.5.0")), Verdict::Logged("agent"));
        let off = Machines { known: Treatment::Off, ..Machines::default() };
        assert_eq!(by_name(&off, &named("curl/8.5.0")), Verdict::Person);
    }

    #[test]
    fn a_window_of_nothing_is_the_same_second() {
        let now: Timestamp = "2026-12-01T09:00:00.700Z".parse().expect("an instant");
        assert_eq!(since(now, SignedDuration::ZERO).to_string(), "2026-12-01T09:00:00Z");
        assert_eq!(since(now, SignedDuration::from_secs(2)).to_string(), "2026-12-01T08:59:58.7Z");
    }
}
