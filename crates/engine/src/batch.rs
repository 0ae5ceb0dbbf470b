//! One step: claim, take in, load, decide, commit. See ARCHITECTURE.md, *A step*.
//!
//! Everything happens in one transaction that holds the claimed shards' row locks. What deciding wants is collected and
//! written at the end, set-based; an error rolls all of it back.

mod answers;
mod decide;
mod enter;
mod find;
mod take_in;
mod trouble;
mod write;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use caravan_catalog::World;
use caravan_catalog::changes::NewActivity;
use caravan_model::{DocumentId, EnrollmentId, InboxId};
use caravan_store::step::{Claim, EnrollmentRow, MoveRow, NewInbox};
use caravan_store::{Session, StoreError};
use jiff::Timestamp;

use crate::counters::Counters;
use crate::external::Answered;
use crate::groups::{Upkeep, jobs};
use crate::inbox::{Addressee, Request};
use crate::lane_turns::Turns;
use crate::listen::HeardActivity;
use crate::live::Live;
use crate::plan::Plan;
use crate::tallies::Tallies;
use crate::walk::{Cause, Fault, Signal, Traveller};

use self::answers::Settled;
use self::trouble::Planless;

/// The most journeys that may lead into each other for one traveller.
pub const LONGEST_CHAIN: i64 = 10;

/// How much one step takes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Shards per claim.
    pub shards: usize,
    /// Travellers per step.
    pub travellers: usize,
}

/// What a step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Enrollments written.
    pub enrollments: usize,
    /// Nodes walked through.
    pub transitions: usize,
    /// Executions recorded, one per person or account and action.
    pub outcomes: usize,
    /// Inbox rows taken in.
    pub inbox: usize,
    /// Effects queued.
    pub effects: usize,
}

/// Why a step was rolled back.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// One traveller failed: the step is done again without it.
    #[error("{0} failed: {message}", message = .1.message)]
    Culprit(WalkKey, Fault),
}

/// A walk as it is known again when its step is done again. A trip that enters gets a fresh id each time, so the id does
/// not tell; a trip that somebody else moved meanwhile has another `seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WalkKey {
    journey: DocumentId,
    subject: i64,
    entry: i64,
    seq: i64,
}

impl WalkKey {
    fn of(row: &EnrollmentRow) -> Self {
        Self { journey: row.journey, subject: row.subject, entry: row.entry, seq: row.seq }
    }
}

impl fmt::Display for WalkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { journey, subject, entry, seq } = self;
        write!(f, "entry {entry} of traveller {subject} in journey {journey}, step {seq},")
    }
}

/// Walks that failed in this step's earlier attempts.
pub type Culprits = HashMap<WalkKey, Fault>;

/// Does one step with the shards of `claim`.
pub fn run(
    s: &mut dyn Session,
    live: &Arc<Live>,
    claim: &Claim,
    limits: Limits,
    culprits: &Culprits,
) -> Result<Report, StepError> {
    let mut batch = Batch::new(live, claim, limits);
    batch.take_in(s)?;
    batch.follow_lists(s)?;
    batch.find_travellers(s)?;
    batch.decide(s, culprits)?;
    batch.save(s)
}

/// Someone who may enter a journey in this step.
struct Candidate {
    plan: Arc<Plan>,
    subject: i64,
    chain: i64,
    /// What brought it here.
    cause: Cause,
    /// Who is to be told whether it enters.
    request: Option<Request>,
}

pub(crate) struct Batch<'a> {
    pub(crate) live: &'a Arc<Live>,
    pub(crate) claim: &'a Claim,
    limits: Limits,
    pub(crate) inbox_out: Vec<NewInbox>,
    consumed: Vec<InboxId>,
    pub(crate) continued: Vec<(InboxId, String)>,
    heard: Vec<(Addressee, HeardActivity)>,
    answers: HashMap<EnrollmentId, Vec<Answered>>,
    signals: HashMap<EnrollmentId, Signal>,
    /// Who is to leave which journey.
    leaving: BTreeMap<DocumentId, Vec<(i64, Option<Request>)>>,
    /// Whose entries were asked for by other journeys.
    requested: BTreeMap<(DocumentId, i64), Request>,
    /// What came of other journeys' requests.
    settled: Vec<Settled>,
    candidates: Vec<Candidate>,
    /// Lists to evaluate and for whom.
    pub(crate) evaluate: BTreeMap<DocumentId, BTreeSet<i64>>,
    /// Who joined what in this step.
    pub(crate) joined: Vec<(DocumentId, Vec<i64>)>,
    /// Interests whose groups these accounts get.
    pub(crate) grouped: BTreeMap<DocumentId, BTreeSet<i64>>,
    /// Groups that are looked at again.
    pub(crate) upkeep: Upkeep,
    /// What this step did for the jobs that keep groups.
    pub(crate) jobs_done: jobs::Done,
    travellers: Vec<Traveller>,
    stored_seqs: Vec<i64>,
    place: HashMap<EnrollmentId, usize>,
    /// The same by journey and subject, made when somebody is taken out.
    by_subject: Option<HashMap<(DocumentId, i64), usize>>,
    /// Travellers of versions that cannot run.
    planless: BTreeMap<EnrollmentId, Planless>,
    /// How often those travellers have failed that failed before.
    attempts: HashMap<EnrollmentId, i64>,
    /// The inboxes hold more than this step takes in.
    more_to_hear: bool,
    /// Then of these subjects it takes in all that they were told.
    heard_out: BTreeSet<i64>,
    /// Whoever is due, where that was looked up early.
    due: Option<Vec<EnrollmentRow>>,
    /// Ended trips that are due to be followed by another entry.
    due_again: Vec<EnrollmentRow>,
    fresh: Vec<Traveller>,
    moves: Vec<MoveRow>,
    problems: Vec<(usize, Fault)>,
    /// Trips that failed before and rest now, since their journeys are paused.
    resting: Vec<i64>,
    /// Trips whose row changed although they did not move.
    touched: HashSet<EnrollmentId>,
    world: Option<World>,
    /// What is told beside what the world records.
    told: Vec<NewActivity>,
    counters: Counters,
    turns: Turns,
    pub(crate) tallies: Tallies,
    report: Report,
}

impl<'a> Batch<'a> {
    fn new(live: &'a Arc<Live>, claim: &'a Claim, limits: Limits) -> Self {
        Self {
            live,
            claim,
            limits,
            inbox_out: Vec::new(),
            consumed: Vec::new(),
            continued: Vec::new(),
            heard: Vec::new(),
            answers: HashMap::new(),
            signals: HashMap::new(),
            leaving: BTreeMap::new(),
            requested: BTreeMap::new(),
            settled: Vec::new(),
            candidates: Vec::new(),
            evaluate: BTreeMap::new(),
            joined: Vec::new(),
            grouped: BTreeMap::new(),
            upkeep: Upkeep::default(),
            jobs_done: jobs::Done::default(),
            travellers: Vec::new(),
            stored_seqs: Vec::new(),
            place: HashMap::new(),
            by_subject: None,
            planless: BTreeMap::new(),
            attempts: HashMap::new(),
            more_to_hear: false,
            heard_out: BTreeSet::new(),
            due: None,
            due_again: Vec::new(),
            fresh: Vec::new(),
            moves: Vec::new(),
            problems: Vec::new(),
            resting: Vec::new(),
            touched: HashSet::new(),
            world: None,
            told: Vec::new(),
            counters: Counters::default(),
            turns: Turns::default(),
            tallies: Tallies::default(),
            report: Report::default(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.claim.now
    }

    /// How many subjects one step looks at.
    pub(crate) fn most(&self) -> usize {
        self.limits.travellers
    }
}
