//! Reactions: what travellers do a while after they have come to a listen node.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use caravan_catalog::events::{self, About};
use caravan_model::attribute::Subject;
use caravan_model::condition::{Condition, Context, FieldTest};
use caravan_model::document::DocumentKind;
use caravan_model::{DocumentId, EnrollmentId, Finding, VersionId};
use caravan_store::records::{self, Table};
use caravan_store::scratch::{self, Arrival};
use caravan_store::{Session, StoreError, subscriptions};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use super::script::{hand_in, incoming, known};
use super::share::Turnout;
use super::stage::Stage;
use super::{ScriptedActivity, ScriptedReaction};
use crate::Engine;
use crate::definitions::DefinitionError;
use crate::import::IncomingActivity;
use crate::listen::Event;
use crate::live::Live;
use crate::nodes::Listening;
use crate::plan::Plan;
use crate::sets::Set;

/// Travellers who act in one transaction.
const AT_ONCE: usize = 1_000;

/// What travellers do, and what they have begun and not done yet.
pub(super) struct Reactions {
    journey: DocumentId,
    of_people: bool,
    given: Vec<ScriptedReaction>,
    /// How many travellers came to each of them.
    turnout: Turnout,
    /// When somebody arrived last, and who has been seen at which node.
    since: Timestamp,
    seen: HashSet<(EnrollmentId, i64)>,
    /// By when they act, and in the order of their arrival.
    coming: BTreeMap<(Timestamp, usize), Deed>,
    begun: usize,
}

/// What one traveller does.
struct Deed {
    /// Number of the account or person, and its key.
    subject: i64,
    key: String,
    version: VersionId,
    /// Place of the reaction.
    reaction: usize,
}

impl Reactions {
    /// Checks where they stand, who reacts and how.
    pub fn read(stage: &Stage, given: Vec<ScriptedReaction>) -> Result<Self, DefinitionError> {
        let store = stage.engine.store();
        let (of_people, findings) = store.read(|s| findings_against(stage, s, &given))?;
        if !findings.is_empty() {
            return Err(DefinitionError::Findings(findings));
        }
        if !given.is_empty() {
            store.write(scratch::watch_arrivals)?;
        }
        Ok(Self {
            journey: stage.journey,
            of_people,
            given,
            turnout: Turnout::default(),
            since: Timestamp::MIN,
            seen: HashSet::new(),
            coming: BTreeMap::new(),
            begun: 0,
        })
    }

    /// Whoever has come to a listen node: the first reaction that takes it begins.
    pub fn expect(&mut self, engine: &Engine, now: Timestamp) -> Result<(), StoreError> {
        if self.given.is_empty() {
            return Ok(());
        }
        let arrived = engine.store().read(|s| {
            let live = engine.live(s)?;
            let arrivals = scratch::arrivals(s, self.journey, self.of_people, self.since)?;
            let placed = arrivals.into_iter().map(|it| Ok((live.plan(s, it.version)?, it)));
            placed.collect::<Result<Vec<_>, StoreError>>()
        })?;
        for (plan, arrival) in arrived {
            self.since = self.since.max(arrival.at);
            let fresh = self.seen.insert((arrival.id, arrival.node));
            if let Some(plan) = plan.filter(|_| fresh) {
                self.begin(&plan.node(arrival.node).id, arrival, now);
            }
        }
        Ok(())
    }

    fn begin(&mut self, node: &str, arrival: Arrival, now: Timestamp) {
        let (given, turnout) = (&self.given, &mut self.turnout);
        let mut fitting = given.iter().enumerate().filter(|(_, reaction)| reaction.fits(node, &arrival.key));
        let Some((at, reaction)) = fitting.find(|(at, reaction)| turnout.takes(*at, reaction.share)) else { return };
        let when = reaction.after.map_or(now, |after| after.after(now, &TimeZone::UTC));
        let Arrival { subject, key, version, .. } = arrival;
        self.coming.insert((when, self.begun), Deed { subject, key, version, reaction: at });
        self.begun += 1;
    }

    /// When somebody acts next.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.coming.keys().next().map(|(at, _)| *at)
    }

    /// Lets happen whatever has its time. True when there was anything.
    pub fn play(&mut self, engine: &Engine, now: Timestamp) -> Result<bool, StoreError> {
        let later = self.coming.split_off(&(now, usize::MAX));
        let due = std::mem::replace(&mut self.coming, later);
        if due.is_empty() {
            return Ok(false);
        }
        let due: Vec<Deed> = due.into_values().collect();
        for deeds in due.chunk_by(|one, next| (one.reaction, one.version) == (next.reaction, next.version)) {
            for deeds in deeds.chunks(AT_ONCE) {
                self.act(engine, deeds, now)?;
            }
        }
        Ok(true)
    }

    /// What these travellers do at one node, each as often as the node asks for.
    fn act(&self, engine: &Engine, deeds: &[Deed], now: Timestamp) -> Result<(), StoreError> {
        let (activities, times) = engine.store().read(|s| {
            let live = engine.live(s)?;
            self.activities(s, &live, deeds, now)
        })?;
        for _ in 0..times {
            hand_in(engine, &activities, now)?;
        }
        Ok(())
    }

    /// One activity of each of these travellers, and how often it happens; none of an account that has nobody to do it.
    fn activities(
        &self,
        s: &mut dyn Session,
        live: &Live,
        deeds: &[Deed],
        now: Timestamp,
    ) -> Result<(Vec<IncomingActivity>, i64), StoreError> {
        let Some(Deed { reaction, version, .. }) = deeds.first() else { return Ok((Vec::new(), 0)) };
        let reaction = &self.given[*reaction];
        let Some(plan) = live.plan(s, *version)? else { return Ok((Vec::new(), 0)) };
        let Some((event, filters)) = heard(&plan, &reaction.node, reaction.kind.as_deref()) else {
            return Ok((Vec::new(), 0));
        };
        let by_people = !self.of_people && (filters.is_some() || about(live, &event.activity) == About::Person);
        let accounts: Vec<i64> = if by_people { deeds.iter().map(|deed| deed.subject).collect() } else { Vec::new() };
        let people = who_act(s, live, &accounts, filters, now)?;
        let fields = fields_of(reaction, event, live, now).unwrap_or_default();
        let activity = |deed: &Deed| {
            let person_key = match (self.of_people, by_people) {
                (true, _) => Some(deed.key.clone()),
                (false, true) => Some(people.get(&deed.subject)?.clone()),
                (false, false) => None,
            };
            let account_key = (!self.of_people).then(|| deed.key.clone());
            let kind = event.activity.clone();
            Some(incoming(ScriptedActivity { at: now, kind, person_key, account_key, fields: fields.clone() }))
        };
        Ok((deeds.iter().filter_map(activity).collect(), event.at_least))
    }
}

impl ScriptedReaction {
    fn fits(&self, node: &str, traveller: &str) -> bool {
        self.node == node && self.traveller.as_deref().is_none_or(|wanted| wanted == traveller)
    }
}

/// The event of a listen node that a reaction means, with who may do it.
fn heard<'a>(plan: &'a Plan, node: &str, kind: Option<&str>) -> Option<(&'a Event, Option<&'a Condition>)> {
    let Listening { events, filters } = listening(plan, node)?;
    let event = events.iter().find(|event| kind.is_none_or(|kind| event.activity == kind))?;
    Some((event, filters))
}

fn listening<'a>(plan: &'a Plan, node: &str) -> Option<Listening<'a>> {
    plan.nodes[*plan.numbers.get(node)?].step.listens()
}

/// As they were given, or the simplest that the node takes.
fn fields_of(reaction: &ScriptedReaction, event: &Event, live: &Live, now: Timestamp) -> Option<Map<String, Json>> {
    if !reaction.fields.is_empty() {
        return Some(reaction.fields.clone());
    }
    FieldTest::example(&event.fields, &Context { now, entry: None, zone: live.zone() })
}

fn about(live: &Live, kind: &str) -> About {
    let declared = || live.definitions.get(DocumentKind::ActivityType, kind);
    match events::event(kind) {
        Some(own) => own.about,
        None if declared().is_some_and(|it| it.body["subject"] == Subject::Account.as_str()) => About::Account,
        None => About::Person,
    }
}

/// Of each of these accounts, the key of the first person for whom the filters of a node hold.
fn who_act(
    s: &mut dyn Session,
    live: &Live,
    accounts: &[i64],
    filters: Option<&Condition>,
    now: Timestamp,
) -> Result<HashMap<i64, String>, StoreError> {
    let mut relations = records::people_of_accounts(s, accounts)?;
    if let Some(filters) = filters {
        let people: BTreeSet<i64> = relations.iter().map(|relation| relation.person.0).collect();
        let people: Vec<i64> = people.into_iter().collect();
        let fit: HashSet<i64> = Set::new(live, filters, now).among(s, &people)?.into_iter().collect();
        relations.retain(|relation| fit.contains(&relation.person.0));
    }
    relations.dedup_by_key(|relation| relation.account);
    let people: Vec<i64> = relations.iter().map(|relation| relation.person.0).collect();
    let keys: HashMap<i64, String> = subscriptions::person_keys(s, &people)?.into_iter().collect();
    let acting = relations.iter().filter_map(|it| Some((it.account.0, keys.get(&it.person.0)?.clone())));
    Ok(acting.collect())
}

/// Whether people travel, and what speaks against these reactions.
fn findings_against(
    stage: &Stage,
    s: &mut dyn Session,
    reactions: &[ScriptedReaction],
) -> Result<(bool, Vec<Finding>), StoreError> {
    let live = stage.engine.live(s)?;
    let Some(plan) = stage.plan(s, &live)? else { return Ok((false, Vec::new())) };
    let (table, what) = if plan.of_people { (Table::Person, "person") } else { (Table::Account, "account") };
    let travellers = known(s, table, reactions.iter().filter_map(|it| it.traveller.as_deref()))?;
    let mut findings = Vec::new();
    for (at, reaction) in reactions.iter().enumerate() {
        let pointer = format!("/reactions/{at}");
        findings.extend(misplaced(&plan, &live, reaction, &pointer, stage.engine.clock().now()));
        if let Some(key) = reaction.traveller.as_ref().filter(|key| !travellers.contains(*key)) {
            let message = format!("There is no {what} `{key}`. Correct the key, or import the {what} first.");
            findings.push(Finding::error(format!("unknown_{what}"), format!("{pointer}/traveller"), message));
        }
    }
    Ok((plan.of_people, findings))
}

/// What speaks against the place of a reaction and what is done there.
fn misplaced(plan: &Plan, live: &Live, reaction: &ScriptedReaction, pointer: &str, now: Timestamp) -> Option<Finding> {
    let node = &reaction.node;
    if !plan.numbers.contains_key(node) {
        let message = format!("The journey has no node `{node}`. Name one of its listen nodes.");
        return Some(Finding::error("unknown_node", format!("{pointer}/node"), message));
    }
    let Some(Listening { events, .. }) = listening(plan, node) else {
        let message = format!("Nothing is awaited at `{node}`. Name a listen node.");
        return Some(Finding::error("not_a_listener", format!("{pointer}/node"), message));
    };
    let Some((event, _)) = heard(plan, node, reaction.kind.as_deref()) else {
        let types: Vec<&str> = events.iter().map(|event| event.activity.as_str()).collect();
        let message = format!("`{node}` does not listen for this. It listens for {}.", types.join(", "));
        return Some(Finding::error("event_not_heard", format!("{pointer}/type"), message));
    };
    if fields_of(reaction, event, live, now).is_none() {
        let message = format!("No simple activity is what `{node}` listens for. Give its `fields`.");
        return Some(Finding::error("fields_needed", format!("{pointer}/fields"), message));
    }
    None
}
