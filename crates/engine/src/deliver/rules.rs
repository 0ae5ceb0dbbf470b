//! Communication limits: which rule sets a message falls under, and what they say about it now.

use caravan_catalog::Definitions;
use caravan_model::document::{Channel, DocumentKind, QuietThen, RuleSet, Treatment};
use caravan_model::text::fold;
use caravan_model::{AccountId, DocumentId, EffectId, PersonId};
use caravan_store::limits::{CapAsk, CapClaim};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// How long quiet hours may hold a message, all such waiting added up; what else it waited for does not count.
const LONGEST_QUIET: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The live rule sets, and who may get messages at all.
#[derive(Debug, Default)]
pub struct Rules {
    sets: Vec<LiveRules>,
    allow_list: Option<Vec<String>>,
    /// Key of the attribute that says whether a person's opens may be seen; none: everybody's may.
    pub open_consent: Option<String>,
    /// Messages carry a link that no person sees.
    pub hides_a_link: bool,
}

#[derive(Debug)]
struct LiveRules {
    id: DocumentId,
    key: String,
    rules: RuleSet,
    zone: TimeZone,
}

/// A marketing message, as limits see it.
#[derive(Debug, Clone)]
pub struct Limited<'a> {
    pub effect: EffectId,
    pub channel: Channel,
    /// Key of the rule set that its message names.
    pub rule_set: Option<&'a str>,
    pub person: PersonId,
    /// Folded.
    pub address: &'a str,
    /// The account on whose trip it is sent, else all that the person belongs to.
    pub accounts: Vec<AccountId>,
    /// The recipient's zone.
    pub zone: Option<TimeZone>,
    /// How long quiet hours have held it already.
    pub quiet_for: SignedDuration,
}

/// What quiet hours say about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// It waits until they end, and no longer than it may be held at all.
    Until(Timestamp),
    /// It is dropped.
    Drop,
    /// They have held it too long already.
    Expired,
}

impl Rules {
    /// Reads what is live now.
    pub fn of(definitions: &Definitions) -> Self {
        let mut sets: Vec<LiveRules> = definitions
            .of_kind(DocumentKind::RuleSet)
            .filter(|d| d.state == "live")
            .filter_map(|d| {
                let rules: RuleSet = d.read()?;
                let zone = rules.time_zone.as_deref().and_then(|zone| TimeZone::get(zone).ok());
                Some(LiveRules { id: d.id, key: d.key.clone(), rules, zone: zone.unwrap_or(TimeZone::UTC) })
            })
            .collect();
        sets.sort_by_key(|set| set.id);
        let settings = definitions.settings();
        let open_consent = settings.as_ref().and_then(|settings| settings.open_tracking_consent.clone());
        let hides_a_link = settings.as_ref().is_some_and(|settings| settings.machines.hidden_link != Treatment::Off);
        let allow_list = settings.and_then(|settings| settings.allow_list);
        let folded = |list: Vec<String>| list.iter().map(|entry| fold(entry.trim()).into_owned()).collect();
        Self { sets, allow_list: allow_list.map(folded), open_consent, hides_a_link }
    }

    /// Whether a folded address (or number) may get messages: everybody, unless there is an allow list.
    pub fn allows(&self, address: &str) -> bool {
        let Some(list) = &self.allow_list else { return true };
        list.iter()
            .any(|entry| if entry.starts_with('@') { address.ends_with(entry.as_str()) } else { address == entry })
    }

    /// Whether any of them limits how many people of one account are written to.
    pub fn spare_accounts(&self) -> bool {
        self.sets.iter().any(|set| !set.rules.account_pressure.is_empty())
    }

    /// The rule sets of a message: those that hold for everything, and the one that it names.
    fn sets_of<'a>(&'a self, message: &Limited<'a>) -> impl Iterator<Item = &'a LiveRules> {
        let named = message.rule_set;
        self.sets.iter().filter(move |set| set.rules.global || Some(set.key.as_str()) == named)
    }

    /// The caps under which a message is counted: those on messages by person and by address, whichever is reached
    /// first, and those on the people of its accounts, of which each has to have room.
    pub fn claim(&self, message: &Limited<'_>, now: Timestamp, look_only: bool) -> CapClaim {
        let mut asks = Vec::new();
        let Limited { effect, channel, person, accounts, address, .. } = message;
        for set in self.sets_of(message) {
            let mut ask =
                |name: &str, (begin, ends_at): (Timestamp, Timestamp), whom: String, unit: String, at_most: u32| {
                    let key = format!("{}.{name}|{whom}|{}", set.id.0, begin.as_second());
                    asks.push(CapAsk { key, unit, at_most: at_most.into(), ends_at });
                };
            for cap in set.rules.caps.iter().filter(|cap| cap.channels.contains(channel)) {
                let window = cap.per.window(cap.every, now, &set.zone);
                for whom in [format!("person:{}", person.0), format!("address:{address}")] {
                    ask(&cap.name, window, whom, format!("effect:{}", effect.0), cap.at_most);
                }
            }
            let pressure = set.rules.account_pressure.iter().filter(|cap| cap.channels.contains(channel));
            for cap in pressure {
                let window = cap.per.window(cap.every, now, &set.zone);
                for account in accounts {
                    let (whom, unit) = (format!("account:{}", account.0), format!("person:{}", person.0));
                    ask(&cap.name, window, whom, unit, cap.people_at_most);
                }
            }
        }
        CapClaim { effect: *effect, asks, look_only }
    }

    /// What quiet hours say about a message now; none when it may go.
    pub fn quiet(&self, message: &Limited<'_>, now: Timestamp, organisation: &TimeZone) -> Option<Quiet> {
        let mut ends = None;
        for hours in self.sets_of(message).flat_map(|set| &set.rules.quiet_hours) {
            let zone = match hours.zone.as_deref() {
                None => Some(organisation.clone()),
                Some("own") => message.zone.clone(),
                Some(name) => TimeZone::get(name).ok(),
            };
            let Some(end) = zone.and_then(|zone| hours.ends(now, &zone)) else { continue };
            match hours.then {
                QuietThen::Discard => return Some(Quiet::Drop),
                QuietThen::Queue => ends = ends.max(Some(end)),
            }
        }
        let left = LONGEST_QUIET - message.quiet_for;
        ends.map(|end| if left.is_positive() { Quiet::Until(end.min(now + left)) } else { Quiet::Expired })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(set: serde_json::Value) -> Rules {
        let rules = serde_json::from_value(set).expect("a rule set");
        let set = LiveRules { id: DocumentId(7), key: "gentle".into(), rules, zone: TimeZone::UTC };
        Rules { sets: vec![set], ..Rules::default() }
    }

    fn message(rule_set: Option<&str>) -> Limited<'_> {
        Limited {
            effect: EffectId(1),
            channel: Channel::Email,
            rule_set,
            person: PersonId(2),
            address: "ada@acme.example",
            accounts: vec![AccountId(3), AccountId(4)],
            zone: None,
            quiet_for: SignedDuration::ZERO,
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_message_is_counted_by_person_by_address_and_by_account() {
        let rules = rules(serde_json::json!({
            "caps": [{"name": "daily", "channels": ["email"], "at_most": 2, "per": "day"},
                     {"name": "texts", "channels": ["sms"], "at_most": 1, "per": "day"}],
            "account_pressure": [{"name": "few", "channels": ["email"], "people_at_most": 5, "per": "week"}],
        }));
        let claim = rules.claim(&message(Some("gentle")), at("2026-12-02T10:00:00Z"), false);
        let asks: Vec<(&str, &str, i64)> =
            claim.asks.iter().map(|ask| (ask.key.as_str(), ask.unit.as_str(), ask.at_most)).collect();
        assert_eq!(
            asks,
            [
                ("7.daily|person:2|1796169600", "effect:1", 2),
                ("7.daily|address:ada@acme.example|1796169600", "effect:1", 2),
                ("7.few|account:3|1795910400", "person:2", 5),
                ("7.few|account:4|1795910400", "person:2", 5),
            ]
        );
        assert_eq!(rules.claim(&message(None), at("2026-12-02T10:00:00Z"), false).asks, [], "it does not name the set");
    }

    #[test]
    fn quiet_hours_hold_a_message_for_a_week_at_most() {
        let nights = rules(serde_json::json!({"global": true, "quiet_hours": [
            {"from": "21:00", "to": "08:00", "then": "queue"}, {"from": "22:00", "to": "23:00", "zone": "own", "then": "discard"}]}));
        let quiet = |message: &Limited<'_>, now| nights.quiet(message, at(now), &TimeZone::UTC);
        assert_eq!(quiet(&message(None), "2026-12-02T20:00:00Z"), None);
        let until = Quiet::Until(at("2026-12-03T08:00:00Z"));
        assert_eq!(
            quiet(&message(None), "2026-12-02T22:30:00Z"),
            Some(until),
            "without a zone nobody's own hours are quiet"
        );
        let berliner = Limited { zone: TimeZone::get("Europe/Berlin").ok(), ..message(None) };
        assert_eq!(quiet(&berliner, "2026-12-02T21:30:00Z"), Some(Quiet::Drop));
        let held = |quiet_for| Limited { quiet_for, ..message(None) };
        let week = SignedDuration::from_hours(7 * 24);
        let (hour, second) = (SignedDuration::from_hours(1), SignedDuration::from_secs(1));
        assert_eq!(quiet(&held(week - hour), "2026-12-03T02:00:00Z"), Some(Quiet::Until(at("2026-12-03T03:00:00Z"))));
        assert_eq!(quiet(&held(week - second), "2026-12-03T02:00:00Z"), Some(Quiet::Until(at("2026-12-03T02:00:01Z"))));
        assert_eq!(quiet(&held(week), "2026-12-03T02:00:00Z"), Some(Quiet::Expired));
        assert_eq!(quiet(&held(week), "2026-12-03T08:00:00Z"), None, "a week is over, and so are they");
    }

    #[test]
    fn a_trial_reaches_only_who_is_on_the_list() {
        let list = ["ada@acme.example", "@trial.example", "+4915112345678"].map(str::to_owned).to_vec();
        let rules = Rules { allow_list: Some(list), ..Rules::default() };
        for (address, allowed) in [
            ("ada@acme.example", true),
            ("ben@trial.example", true),
            ("ben@acme.example", false),
            ("+4915112345678", true),
        ] {
            assert_eq!(rules.allows(address), allowed, "{address}");
        }
        assert!(Rules::default().allows("ben@acme.example"));
        assert!(
            !Rules { allow_list: Some(Vec::new()), ..Rules::default() }.allows("ada@acme.example"),
            "nobody is listed"
        );
    }
}
