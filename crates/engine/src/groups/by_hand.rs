//! What a person's hand decides about a buying group: members, stage, status, and putting it away. A hand's word stands
//! above that of journeys and rules.

use std::collections::BTreeSet;

use caravan_catalog::definitions::Interest;
use caravan_catalog::groups::{self, Kept};
use caravan_catalog::world::{GroupIx, Origin, Source};
use caravan_catalog::{Needs, World};
use caravan_model::attribute::Subject;
use caravan_model::document::DocumentKind;
use caravan_model::suggest::did_you_mean;
use caravan_model::{AccountId, Finding, GroupId, PersonId};
use caravan_store::records::Table;
use caravan_store::{Session, StoreError, groups as stored, intake, records, step};

use crate::Engine;
use crate::live::Live;
use crate::load::{Wanted, load};

/// The most members that one call may touch.
pub const MOST_AT_ONCE: usize = 50;
/// The longest status, in characters.
pub const LONGEST_STATUS: usize = 50;

/// Which group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// By account and solution interest, both by key.
    Of {
        /// The account.
        account: String,
        /// The solution interest.
        interest: String,
    },
    /// By number.
    Number(GroupId),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// People by key and the roles that they get.
    Assign(Vec<(String, String)>),
    /// People by key who are taken out.
    Remove(Vec<String>),
    /// The stage that it moves to.
    Stage(String),
    /// The status that it gets; none takes it away.
    Status(Option<String>),
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ByHandError {
    /// What was asked for cannot be done; each finding says why.
    #[error("{}", .0.iter().map(|finding| finding.message.as_str()).collect::<Vec<_>>().join(" "))]
    Refused(Vec<Finding>),
    /// There is no such account, interest or group.
    #[error("{what} does not exist.")]
    Unknown {
        /// Stable.
        code: &'static str,
        /// Like “The account `acme`”.
        what: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Finding> for ByHandError {
    fn from(finding: Finding) -> Self {
        Self::Refused(vec![finding])
    }
}

/// Does what a hand decided, all of it or nothing. Returns the group and whether anything changed.
///
/// # Errors
/// What cannot be done, with every reason.
pub fn decide(
    engine: &Engine,
    which: &Which,
    decision: &Decision,
    actor: &str,
) -> Result<(GroupId, bool), ByHandError> {
    let done = engine.store().write(|s| {
        let live = engine.live(s)?;
        let found = find(s, &live, which)?;
        let interest = live.interests.get(&found.interest).ok_or_else(|| not_running(&live, found.interest))?;
        let mut place = Place::open(s, &live, &found, interest)?;
        let origin = Origin { source: format!("manual:{actor}").into(), enrollment: None, node: None };
        let changed = place.apply(s, decision, &origin)?;
        place.close(s, &live)?;
        Ok::<_, ByHandError>((found.id, changed))
    })?;
    engine.poke();
    Ok(done)
}

/// Puts a group away: it is shown no more, moves no more and is not created again.
///
/// # Errors
/// There is no such group.
pub fn archive(engine: &Engine, group: GroupId) -> Result<(), ByHandError> {
    engine.store().write(|s| {
        let live = engine.live(s)?;
        let found = find(s, &live, &Which::Number(group))?;
        let key = live.definitions.of_kind(DocumentKind::SolutionInterest).find(|d| d.id == found.interest);
        let now = s.now()?;
        stored::archive(s, &[group.0], key.map_or("", |d| &d.key), now)?;
        let marks = super::marks(s, &live, &[group], now)?;
        Ok::<_, ByHandError>(step::insert_inbox(s, &marks)?)
    })?;
    engine.poke();
    Ok(())
}

pub(crate) fn find(s: &mut dyn Session, live: &Live, which: &Which) -> Result<stored::GroupRow, ByHandError> {
    match which {
        Which::Number(id) => stored::one(s, *id)?.ok_or_else(|| unknown_group(format!("The buying group `{id}`"))),
        Which::Of { account, interest } => {
            let id = intake::ids_of_keys(s, Table::Account, &[account])?.first().map(|(_, id, _)| AccountId(*id));
            let unknown = |code, what| ByHandError::Unknown { code, what };
            let id = id.ok_or_else(|| unknown("unknown_account", format!("The account `{account}`")))?;
            let known = live.definitions.get(DocumentKind::SolutionInterest, interest);
            let known =
                known.ok_or_else(|| unknown("unknown_definition", format!("The solution interest `{interest}`")))?;
            let group = stored::of_accounts(s, &[id.0], &[known.id.0])?.into_iter().next();
            group.ok_or_else(|| unknown_group(format!("A buying group of `{account}` for `{interest}`")))
        }
    }
}

fn unknown_group(what: String) -> ByHandError {
    ByHandError::Unknown { code: "unknown_buying_group", what }
}

fn not_running(live: &Live, interest: caravan_model::DocumentId) -> ByHandError {
    let known = live.definitions.of_kind(DocumentKind::SolutionInterest).find(|d| d.id == interest);
    let key = known.map_or("", |d| d.key.as_str());
    let message =
        format!("The solution interest `{key}` stands on a template or stage model that is not live. Publish it.");
    Finding::error("not_live", "", message).into()
}

/// The group, its account's shard held, and what may be written about it.
struct Place<'a> {
    interest: &'a Interest,
    claim: step::Claim,
    world: World,
    group: GroupIx,
    account: AccountId,
}

impl<'a> Place<'a> {
    /// Takes the shard's lock first: what is read after it is what the last step left.
    fn open(
        s: &mut dyn Session,
        live: &Live,
        found: &stored::GroupRow,
        interest: &'a Interest,
    ) -> Result<Self, ByHandError> {
        let claim = step::claim_these(s, &[found.shard])?;
        let needs = Needs { interests: [interest.id].into(), ..Needs::default() };
        let mut wanted = Wanted::of(&needs);
        wanted.account(found.account, &needs);
        let world = load(s, live, claim.now, &wanted)?;
        let group = world.account_ix(found.account).and_then(|account| world.group_of(account, interest.id));
        let group = group.ok_or_else(|| unknown_group(format!("The buying group `{}`", found.id)))?;
        Ok(Self { interest, claim, world, group, account: found.account })
    }

    fn apply(&mut self, s: &mut dyn Session, decision: &Decision, origin: &Origin) -> Result<bool, ByHandError> {
        match decision {
            Decision::Assign(members) => self.assign(s, members, origin),
            Decision::Remove(people) => self.remove(s, people, origin),
            Decision::Stage(stage) => self.stage(stage, origin),
            Decision::Status(status) => self.status(status.as_deref(), origin),
        }
    }

    fn assign(
        &mut self,
        s: &mut dyn Session,
        members: &[(String, String)],
        origin: &Origin,
    ) -> Result<bool, ByHandError> {
        too_many(members.len())?;
        let mut findings = Vec::new();
        for (n, (_, role)) in members.iter().enumerate() {
            findings.extend(unknown_role(self.interest, role, n));
        }
        let keys: Vec<&str> = members.iter().map(|(person, _)| person.as_str()).collect();
        let people = people_of_keys(s, &keys, &mut findings)?;
        let ids: Vec<i64> = people.iter().flatten().map(|id| id.0).collect();
        let here = records::accounts_of_people(s, &ids)?.into_iter().filter(|r| r.account == self.account);
        let here: BTreeSet<PersonId> = here.map(|relation| relation.person).collect();
        for (n, (person, key)) in people.iter().zip(&keys).enumerate() {
            if person.is_some_and(|person| !here.contains(&person)) {
                let message = format!("`{key}` does not belong to the group's account. Relate them first.");
                findings.push(Finding::error("not_of_account", format!("/{n}/person"), message));
            }
        }
        if !findings.is_empty() {
            return Err(ByHandError::Refused(findings));
        }
        let mut changed = false;
        for (person, (_, role)) in people.into_iter().flatten().zip(members) {
            let (world, interest) = (&mut self.world, self.interest);
            changed |= groups::assign(world, self.group, interest, person, role, Source::Manual, origin).is_ok();
        }
        groups::settle_completeness(&mut self.world, self.group, self.interest, origin);
        Ok(changed)
    }

    fn remove(&mut self, s: &mut dyn Session, people: &[String], origin: &Origin) -> Result<bool, ByHandError> {
        too_many(people.len())?;
        let mut findings = Vec::new();
        let keys: Vec<&str> = people.iter().map(String::as_str).collect();
        let people = people_of_keys(s, &keys, &mut findings)?;
        if !findings.is_empty() {
            return Err(ByHandError::Refused(findings));
        }
        let mut changed = false;
        for person in people.into_iter().flatten() {
            let (world, interest) = (&mut self.world, self.interest);
            let done = groups::remove(world, self.group, interest, person, Source::Manual, origin);
            // Nobody has more say than a hand: what stays was no member.
            debug_assert!(!matches!(done, Err(Kept::DecidedBy(_))));
            changed |= done.is_ok();
        }
        groups::settle_completeness(&mut self.world, self.group, self.interest, origin);
        Ok(changed)
    }

    fn stage(&mut self, stage: &str, origin: &Origin) -> Result<bool, ByHandError> {
        match groups::move_to_stage(&mut self.world, self.group, self.interest, stage, origin) {
            Ok(()) => Ok(true),
            Err("already_in_stage") => Ok(false),
            Err(reason) => {
                let from = self.world.group(self.group).stage.as_deref();
                let message = match reason {
                    "no_stage_model" => "The solution interest has no live stage model. Give it one.".to_owned(),
                    _ => format!(
                        "The stage model does not lead from {} to `{stage}`. Choose a stage that it leads to.",
                        from.map_or("no stage".to_owned(), |from| format!("`{from}`"))
                    ),
                };
                Err(Finding::error(reason, "/stage", message).into())
            }
        }
    }

    fn status(&mut self, status: Option<&str>, origin: &Origin) -> Result<bool, ByHandError> {
        let status = status.map(str::trim).filter(|status| !status.is_empty());
        if status.is_some_and(|status| status.chars().count() > LONGEST_STATUS) {
            let message = format!("`status` is longer than {LONGEST_STATUS} characters. Shorten it.");
            return Err(Finding::error("too_long", "/status", message).into());
        }
        Ok(groups::set_status(&mut self.world, self.group, self.interest, status, origin).is_ok())
    }

    fn close(self, s: &mut dyn Session, live: &Live) -> Result<(), StoreError> {
        let written = crate::save::changes(s, live, &self.claim, self.world.changes)?;
        step::insert_inbox(s, &written.inbox)?;
        step::release(s, &self.claim)
    }
}

fn too_many(n: usize) -> Result<(), ByHandError> {
    if n <= MOST_AT_ONCE {
        return Ok(());
    }
    let message = format!("{n} members are too many at once. Choose at most {MOST_AT_ONCE}.");
    Err(Finding::error("too_many_members", "", message).into())
}

fn unknown_role(interest: &Interest, role: &str, n: usize) -> Option<Finding> {
    if interest.card(role).is_some() {
        return None;
    }
    let known = interest.roles.iter().map(|card| card.role.as_str());
    let hint = did_you_mean(role, known.clone());
    let known: Vec<&str> = known.collect();
    let message = format!("The roles of this group are {}; `{role}` is none of them.{hint}", known.join(", "));
    Some(Finding::error("role_not_in_template", format!("/{n}/role"), message))
}

/// The people of these keys, in their order; who is not known becomes a finding.
fn people_of_keys(
    s: &mut dyn Session,
    keys: &[&str],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Option<PersonId>>, StoreError> {
    let known = intake::ids_of_keys(s, Table::Person, keys)?;
    let find = |key: &str| known.iter().find(|(known, ..)| known == key).map(|(_, id, _)| PersonId(*id));
    let people: Vec<Option<PersonId>> = keys.iter().map(|key| find(key)).collect();
    for (n, key) in keys.iter().enumerate().filter(|(n, _)| people[*n].is_none()) {
        let message = format!("There is no {} `{key}`.", Subject::Person.as_str());
        findings.push(Finding::error("unknown_person", format!("/{n}/person"), message));
    }
    Ok(people)
}
