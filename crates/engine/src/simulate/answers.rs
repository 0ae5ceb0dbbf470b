//! Answers of external services: what was given for a call comes in at its virtual time, by the same door as all others.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use caravan_model::Finding;
use caravan_model::condition::{Context, FieldTest};
use caravan_model::document::DocumentKind;
use caravan_store::Session;
use caravan_store::StoreError;
use caravan_store::records::Table;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::ScriptedAnswer;
use super::script::{known, unknown};
use super::share::Turnout;
use super::stage::Stage;
use crate::Engine;
use crate::definitions::DefinitionError;
use crate::external::{self, Answer, Call, CallKey};

/// What services answer, and what they have been asked and not answered yet.
pub(super) struct Answers {
    given: Vec<ScriptedAnswer>,
    /// How many calls came to each of them.
    turnout: Turnout,
    /// By when they come, and in the order of their calls.
    coming: BTreeMap<(Timestamp, usize), (CallKey, Answer)>,
    asked: usize,
}

impl Answers {
    /// Checks who answers, and about whom; finds what is to be answered where only a path is named.
    pub fn read(stage: &Stage, mut given: Vec<ScriptedAnswer>) -> Result<Self, DefinitionError> {
        let findings = stage.engine.store().read(|s| {
            let findings = findings_against(&stage.engine, s, &given)?;
            Ok::<_, StoreError>([findings, lead_to_paths(stage, s, &mut given)?].concat())
        })?;
        match findings.is_empty() {
            true => Ok(Self { given, turnout: Turnout::default(), coming: BTreeMap::new(), asked: 0 }),
            false => Err(DefinitionError::Findings(findings)),
        }
    }

    /// Calls that were made at `now`: the first answer that fits each comes when its time is over. A call that none fits is
    /// never answered.
    pub fn expect(&mut self, calls: Vec<(CallKey, Call)>, now: Timestamp) {
        for (key, call) in calls {
            let (given, turnout) = (&self.given, &mut self.turnout);
            let mut fitting = given.iter().enumerate().filter(|(_, given)| given.fits(&call));
            let Some((_, given)) = fitting.find(|(at, given)| turnout.takes(*at, given.share)) else { continue };
            let at = given.after.map_or(now, |after| after.after(now, &TimeZone::UTC));
            self.coming.insert((at, self.asked), (key, given.answer()));
            self.asked += 1;
        }
    }

    /// When an answer comes next.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.coming.keys().next().map(|(at, _)| *at)
    }

    /// Hands in what has its time. True when there was anything.
    pub fn play(&mut self, engine: &Engine, now: Timestamp) -> Result<bool, DefinitionError> {
        let later = self.coming.split_off(&(now, usize::MAX));
        let due = std::mem::replace(&mut self.coming, later);
        let any = !due.is_empty();
        for (call, answer) in due.into_values() {
            external::answer(engine, call, answer)?;
        }
        Ok(any)
    }
}

impl ScriptedAnswer {
    fn fits(&self, call: &Call) -> bool {
        let is = |wanted: &Option<String>, found: Option<&String>| {
            wanted.as_ref().is_none_or(|wanted| Some(wanted) == found)
        };
        self.service == call.service
            && is(&self.node, Some(&call.node))
            && is(&self.account_key, Some(&call.account))
            && is(&self.person_key, call.person.as_ref())
    }

    fn answer(&self) -> Answer {
        match self.failed.clone() {
            Some(code) => Answer::Failed { code, reason: None },
            None => Answer::Succeeded { variables: self.variables.clone(), attributes: self.attributes.clone() },
        }
    }
}

/// Gives answers that name a path the simplest variables by which it is taken.
fn lead_to_paths(
    stage: &Stage,
    s: &mut dyn Session,
    answers: &mut [ScriptedAnswer],
) -> Result<Vec<Finding>, StoreError> {
    let live = stage.engine.live(s)?;
    let Some(plan) = stage.plan(s, &live)? else { return Ok(Vec::new()) };
    let context = Context { now: stage.engine.clock().now(), entry: None, zone: live.zone() };
    let mut findings = Vec::new();
    for (at, answer) in answers.iter_mut().enumerate() {
        let Some(path) = &answer.path else { continue };
        let node = answer.node.as_ref().and_then(|node| plan.numbers.get(node));
        let Some(tests) = node.and_then(|node| plan.nodes[*node].step.asks_of_answer(path)) else {
            let message = format!(
                "No answer leads to the path `{path}` there. Name the external split as `node`, and one of its paths."
            );
            findings.push(Finding::error("unknown_path", format!("/answers/{at}/path"), message));
            continue;
        };
        let given = std::mem::take(&mut answer.variables);
        let any_given = !given.is_empty();
        answer.variables = FieldTest::example(tests, &context).unwrap_or_default();
        answer.variables.extend(given);
        if FieldTest::all_hold(tests, &answer.variables, &context) {
            continue;
        }
        let (code, message) = match any_given {
            true => (
                "variables_elsewhere",
                format!("These `variables` do not lead to the path `{path}`. Correct them, or leave them out."),
            ),
            false => {
                ("variables_needed", format!("No simple answer leads to the path `{path}`. Give its `variables`."))
            }
        };
        findings.push(Finding::error(code, format!("/answers/{at}/path"), message));
    }
    Ok(findings)
}

fn findings_against(
    engine: &Engine,
    s: &mut dyn Session,
    answers: &[ScriptedAnswer],
) -> Result<Vec<Finding>, StoreError> {
    let live = engine.live(s)?;
    let people = known(s, Table::Person, answers.iter().filter_map(|a| a.person_key.as_deref()))?;
    let accounts = known(s, Table::Account, answers.iter().filter_map(|a| a.account_key.as_deref()))?;
    let services: BTreeSet<&str> = answers.iter().map(|answer| answer.service.as_str()).collect();
    let services: HashSet<&str> =
        services.into_iter().filter(|key| live.definitions.get(DocumentKind::ExternalAction, key).is_some()).collect();
    let mut findings = Vec::new();
    for (at, answer) in answers.iter().enumerate() {
        let pointer = format!("/answers/{at}");
        if !services.contains(answer.service.as_str()) {
            let message = format!("There is no service `{}`. Correct its key, or define it.", answer.service);
            findings.push(Finding::error("unknown_service", format!("{pointer}/service"), message));
        }
        let silent = answer.path.is_none() && answer.variables.is_empty() && answer.attributes.is_empty();
        if answer.failed.is_some() && !silent {
            let message =
                "A call that fails brings nothing back. Leave out `failed`, or the path, variables and attributes.";
            findings.push(Finding::error("answer_of_a_failure", format!("{pointer}/failed"), message));
        }
        findings.extend(unknown(&answer.person_key, &people, "person", &pointer));
        findings.extend(unknown(&answer.account_key, &accounts, "account", &pointer));
    }
    Ok(findings)
}
