//! What could not be done and waits for somebody.

mod standing;

use axum::extract::State;
use axum::http::StatusCode;
use caravan_engine::deliver::{self, SettleError, Settlement};
use caravan_engine::live::Live;
use caravan_engine::texts;
use caravan_engine::{Engine, status, travel};
use caravan_model::{EffectId, EnrollmentId};
use caravan_store::Session;
use caravan_store::ledger::{self, LedgerRow, Unsettled, UnsettledFilter};
use caravan_store::search::{Looked, Search};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::access::{Caller, Permission};
use crate::http::page::{Page, bad_cursor, page_limit, read_cursor};
use crate::http::{Answer, Done, Json, Operations, Path, Problem, Query};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Problems")
        .get(
            "/api/v1/problems",
            Permission::ReadDefinitions,
            list,
            "What could not be done: connections that cannot be reached, mailboxes that cannot be read, sending domains that are not set up, a way out that is not answered, trips that could not go on, messages. Each page looks at 5,000 trips and as many messages of each kind at most: with `q` or `journey` it may be short or empty and go on all the same",
        )
        .post("/api/v1/problems/{id}/retry", Permission::RunJourneys, retry, "Try again now")
        .post(
            "/api/v1/problems/{id}/skip",
            Permission::RunJourneys,
            skip,
            "Leave it out: a trip goes on behind the node that failed, a message in doubt counts as arrived, one that failed is given up",
        )
        .post("/api/v1/problems/retry", Permission::RunJourneys, retry_all, "Try every trip that failed again now")
        .post(
            "/api/v1/problems/skip",
            Permission::RunJourneys,
            skip_all,
            "Leave out the node that failed, for every trip that failed",
        )
}

#[derive(Deserialize, JsonSchema)]
struct ProblemQuery {
    /// Rows on a page, 1 to 200; 50 when left out.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
    /// `next_cursor` of the page before; left out: the first page.
    cursor: Option<String>,
    /// Only those of this journey.
    journey: Option<String>,
    /// Only those in whose words this text occurs, or in whose traveller or recipient, where you may read these (`customers:read`).
    q: Option<String>,
}

/// What kind of thing could not be done.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ProblemKind {
    /// A trip's step failed by our own fault.
    Step,
    /// A message was refused for good, or nobody knows whether it arrived.
    Effect,
    /// Messages to one connection wait: it cannot be reached, or refuses for now.
    Lane,
    /// The mailbox into which bounces of a connection come cannot be read.
    Mailbox,
    /// The consent by which a connection works ends soon, or has ended.
    Consent,
    /// Of a sending domain not all stands in the DNS that must.
    SendingDomain,
    /// The Unsubscribe button of mail programs is not answered from outside.
    WayOut,
    /// Recipients' servers refuse mail because of how it is sent.
    Policy,
    /// A provider of text messages reports something about the account or the sender.
    TextAccount,
}

/// What somebody may do about a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Remedy {
    /// Try again now; an effect is sent (again), with the same key.
    Retry,
    /// A trip goes on behind the node that failed; an effect in doubt counts as arrived, one that failed is given up.
    Skip,
}

/// Something that could not be done.
#[derive(Debug, Serialize, JsonSchema)]
struct ProblemRow {
    /// Its id: the trip's, the effect's, the lane's, the mailbox's or the domain's.
    id: String,
    /// The journey's key; none for what all journeys share.
    journey: Option<String>,
    /// The node.
    node: Option<String>,
    /// What the node's card is called.
    node_title: Option<String>,
    /// Who travels, or whom the message is for; none for who may not read these (`customers:read`).
    traveller: Option<status::SubjectRef>,
    /// What could not be done.
    kind: ProblemKind,
    /// What may be done about it; nothing: it is tried again by itself.
    remedies: Vec<Remedy>,
    /// Stable code.
    code: String,
    /// What happened and what to do; without what another system said for who may not read customers (`customers:read`).
    message: String,
    /// Since when.
    since: Timestamp,
    /// How often it was tried, where that is counted.
    attempts: Option<i64>,
    /// When it is tried again.
    next_try: Option<Timestamp>,
    #[serde(skip)]
    place: Place,
}

/// Where a page goes on: what all journeys share, then trips, then effects in doubt, then failed ones, each in its own order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Lanes(usize),
    Steps(EnrollmentId),
    InDoubt(Option<EffectId>),
    Failed(Option<EffectId>),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let number = |id: &Option<EffectId>| id.map_or(0, |id| id.0);
        match self {
            Self::Lanes(given) => write!(f, "lane:{given}"),
            Self::Steps(trip) => write!(f, "step:{}", trip.0),
            Self::InDoubt(id) => write!(f, "in_doubt:{}", number(id)),
            Self::Failed(id) => write!(f, "failed:{}", number(id)),
        }
    }
}

impl Place {
    fn read(written: &str) -> Option<Self> {
        let (stage, number) = written.split_once(':')?;
        let number: i64 = number.parse().ok()?;
        match stage {
            "lane" => Some(Self::Lanes(usize::try_from(number).ok()?)),
            "step" => Some(Self::Steps(EnrollmentId(number))),
            "in_doubt" => Some(Self::InDoubt(Some(EffectId(number)))),
            "failed" => Some(Self::Failed(Some(EffectId(number)))),
            _ => None,
        }
    }
}

async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    Query(query): Query<ProblemQuery>,
) -> Result<Page<ProblemRow>, Problem> {
    let limit = page_limit(query.limit)?;
    let place = match read_cursor(query.cursor.as_deref())? {
        Some(written) => Place::read(&written).ok_or_else(bad_cursor)?,
        None => Place::Lanes(0),
    };
    let read = state.blocking(move |engine| {
        let journey = query.journey.as_deref().filter(|key| !key.is_empty());
        let text = query.q.as_deref().unwrap_or_default().trim();
        let search = Search { text, in_customers: caller.rights.may(Permission::ReadCustomers) };
        let wanted = Wanted { journey, search };
        look(engine, wanted, place, limit + 1)
    });
    Ok(Page::looked(read.await?, limit, |row| row.place))
}

/// Which problems are listed.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    journey: Option<&'a str>,
    search: Search<'a>,
}

impl Wanted<'_> {
    /// Whether the words of a problem that nobody in particular has are the ones that are searched for.
    fn takes(&self, row: &ProblemRow) -> bool {
        let text = self.search.text.to_lowercase();
        [&row.message, &row.code].iter().any(|words| words.to_lowercase().contains(&text))
    }
}

/// One look at each family after another, until there are enough or a look ended before its family did.
fn look(engine: &Engine, wanted: Wanted<'_>, from: Place, most: usize) -> Result<Looked<ProblemRow, Place>, Problem> {
    let mut found = Vec::new();
    if let (Place::Lanes(given), None) = (from, wanted.journey) {
        let standing =
            standing::shared(engine)?.into_iter().enumerate().skip(given).filter(|(_, row)| wanted.takes(row));
        found.extend(standing.take(most).map(|(n, row)| ProblemRow { place: Place::Lanes(n + 1), ..row }));
    }
    let mut end = None;
    if from < Place::InDoubt(None) && found.len() < most {
        let after = if let Place::Steps(trip) = from { trip } else { EnrollmentId(0) };
        let stopped = steps(engine, wanted, after, most - found.len())?;
        found.extend(stopped.found);
        end = stopped.end.map(Place::Steps);
    }
    if from < Place::Failed(None) && found.len() < most && end.is_none() {
        let before = if let Place::InDoubt(id) = from { id } else { None };
        let in_doubt = effects(engine, wanted, Unsettled::InDoubt, before, most - found.len())?;
        found.extend(in_doubt.found);
        end = in_doubt.end.map(|id| Place::InDoubt(Some(id)));
    }
    if found.len() < most && end.is_none() {
        let before = if let Place::Failed(id) = from { id } else { None };
        let failed = effects(engine, wanted, Unsettled::Failed, before, most - found.len())?;
        found.extend(failed.found);
        end = failed.end.map(|id| Place::Failed(Some(id)));
    }
    Ok(Looked { found, end })
}

/// Trips that could not go on.
fn steps(
    engine: &Engine,
    wanted: Wanted<'_>,
    after: EnrollmentId,
    most: usize,
) -> Result<Looked<ProblemRow, EnrollmentId>, Problem> {
    let Looked { found, end } = status::problems(engine, wanted.journey, wanted.search, after, most)?;
    let tells = wanted.search.in_customers;
    let found = found.into_iter().filter_map(step);
    let found = found.map(|row| ProblemRow { traveller: row.traveller.filter(|_| tells), ..row }).collect();
    Ok(Looked { found, end })
}

fn step(row: status::ProblemRow) -> Option<ProblemRow> {
    let place = Place::Steps(row.id.parse().ok()?);
    Some(ProblemRow {
        id: row.id,
        journey: Some(row.journey),
        node: Some(row.node).filter(|node| !node.is_empty()),
        node_title: Some(row.node_title).filter(|title| !title.is_empty()),
        traveller: Some(row.traveller),
        kind: ProblemKind::Step,
        remedies: vec![Remedy::Retry, Remedy::Skip],
        code: row.code,
        message: row.message,
        since: row.since,
        attempts: Some(row.attempts),
        next_try: row.next_try,
        place,
    })
}

fn effects(
    engine: &Engine,
    wanted: Wanted<'_>,
    which: Unsettled,
    before: Option<EffectId>,
    most: usize,
) -> Result<Looked<ProblemRow, EffectId>, Problem> {
    engine.store().read(|s| {
        let live = engine.live(s)?;
        let journey = wanted.journey.map(|key| status::journey_row(s, key)).transpose()?.map(|row| row.id);
        let filter = UnsettledFilter { which, journey, search: wanted.search };
        let Looked { mut found, end } = ledger::look_for_unsettled(s, filter, before, most)?;
        if !wanted.search.in_customers {
            found.iter_mut().for_each(without_recipient);
        }
        Ok(Looked { found: told(s, &live, which, found)?, end })
    })
}

/// An effect as it is told to who may not read customers: what the other side said may name whom it is about.
fn without_recipient(row: &mut LedgerRow) {
    (row.person, row.account, row.message) = (None, None, None);
}

/// Effects with whom they were for, read at once.
fn told(s: &mut dyn Session, live: &Live, which: Unsettled, found: Vec<LedgerRow>) -> Result<Vec<ProblemRow>, Problem> {
    let names = status::Names::of(s, found.iter().filter_map(recipient))?;
    let mut titles = status::Titles::default();
    let mut rows = Vec::with_capacity(found.len());
    for row in found {
        let plan = live.plan(s, row.version)?;
        let traveller = recipient(&row).map(|(of_people, id)| names.subject(of_people, id));
        let node = match &plan {
            Some(plan) => {
                let id = plan.node(row.node).id.clone();
                Some((titles.of(s, live, row.version, &id)?, id))
            }
            None => None,
        };
        rows.push(effect(row, which, (plan.map(|plan| plan.key.to_string()), node), traveller));
    }
    Ok(rows)
}

/// Whom an effect was for: a person, else an account.
fn recipient(row: &LedgerRow) -> Option<(bool, i64)> {
    row.person.map(|person| (true, person.0)).or(row.account.map(|account| (false, account.0)))
}

fn effect(
    row: LedgerRow,
    which: Unsettled,
    (journey, node): (Option<String>, Option<(String, String)>),
    traveller: Option<status::SubjectRef>,
) -> ProblemRow {
    let (place, remedies, unsaid) = match which {
        Unsettled::InDoubt => (Place::InDoubt(Some(row.id)), vec![Remedy::Retry, Remedy::Skip], IN_DOUBT),
        Unsettled::Failed => (Place::Failed(Some(row.id)), vec![Remedy::Retry, Remedy::Skip], FAILED),
    };
    let (node_title, node) = node.unzip();
    ProblemRow {
        id: row.id.to_string(),
        journey,
        node,
        node_title,
        traveller,
        kind: ProblemKind::Effect,
        remedies,
        code: row.reason.unwrap_or(row.outcome),
        message: row.message.unwrap_or_else(|| unsaid.to_owned()),
        since: row.decided_at,
        attempts: None,
        next_try: None,
        place,
    }
}

const IN_DOUBT: &str = "Nobody knows whether this message arrived. Ask the recipient's side, then say so here.";
const FAILED: &str = "This message was refused for good.";

#[derive(Deserialize, JsonSchema)]
struct ProblemPath {
    /// The problem's id.
    id: String,
}

/// What a problem's id names.
enum Named {
    Trip(EnrollmentId),
    Effect(EffectId),
    /// The connection of text messages that rests.
    Texts(String),
}

/// How the ids of problems with accounts of text messages begin.
const TEXTS: &str = "texts:";

impl ProblemPath {
    fn named(&self) -> Result<Named, Problem> {
        let trip = self.id.parse().map(Named::Trip).ok();
        let effect = || self.id.parse().map(Named::Effect).ok();
        let texts =
            || self.id.strip_prefix(TEXTS)?.split(':').next().map(|connection| Named::Texts(connection.to_owned()));
        trip.or_else(effect)
            .or_else(texts)
            .ok_or_else(|| Problem::not_found("unknown_problem", format!("The problem `{}`", self.id)))
    }
}

async fn retry(State(state): State<ApiState>, caller: Caller, Path(path): Path<ProblemPath>) -> Result<Done, Problem> {
    let named = path.named()?;
    let work = state.blocking(move |engine| match named {
        Named::Trip(trip) => Ok(travel::remedy(engine, trip, travel::Remedy::Retry, &caller.actor)?),
        Named::Effect(effect) => Ok(deliver::settle(engine, effect, Settlement::Resend)?),
        Named::Texts(connection) => match texts::go_on(engine, &connection)? {
            true => Ok(()),
            false => Err(unknown(&connection)),
        },
    });
    work.await.map(|()| Done::default())
}

async fn skip(State(state): State<ApiState>, caller: Caller, Path(path): Path<ProblemPath>) -> Result<Done, Problem> {
    let named = path.named()?;
    let work = state.blocking(move |engine| match named {
        Named::Trip(trip) => Ok(travel::remedy(engine, trip, travel::Remedy::LeaveOut, &caller.actor)?),
        Named::Effect(effect) => skip_effect(engine, effect),
        Named::Texts(connection) => Err(unknown(&connection)),
    });
    work.await.map(|()| Done::default())
}

/// A connection that rests for nothing, or of which nothing can be left out.
fn unknown(connection: &str) -> Problem {
    Problem::not_found("unknown_problem", format!("A rest of the connection `{connection}` that can be ended so"))
}

/// Of which trips.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OfJourney {
    /// Only those of this journey; left out: all.
    journey: Option<String>,
}

/// How many trips something was done about.
#[derive(Serialize, JsonSchema)]
struct Remedied {
    /// The trips.
    trips: usize,
}

async fn retry_all(
    State(state): State<ApiState>,
    caller: Caller,
    Json(of): Json<OfJourney>,
) -> Result<Answer<Remedied>, Problem> {
    remedy_all(state, caller, of, travel::Remedy::Retry).await
}

async fn skip_all(
    State(state): State<ApiState>,
    caller: Caller,
    Json(of): Json<OfJourney>,
) -> Result<Answer<Remedied>, Problem> {
    remedy_all(state, caller, of, travel::Remedy::LeaveOut).await
}

async fn remedy_all(
    state: ApiState,
    caller: Caller,
    of: OfJourney,
    remedy: travel::Remedy,
) -> Result<Answer<Remedied>, Problem> {
    let work =
        state.blocking(move |engine| Ok(travel::remedy_all(engine, of.journey.as_deref(), remedy, &caller.actor)?));
    Ok(Answer::of(Remedied { trips: work.await? }))
}

/// What is in doubt counts as arrived; what was refused is given up.
fn skip_effect(engine: &Engine, effect: EffectId) -> Result<(), Problem> {
    let failed = engine.store().read(|s| ledger::get(s, effect, false))?.is_some_and(|row| row.outcome == "failed");
    let settlement = if failed { Settlement::GiveUp } else { Settlement::Delivered };
    Ok(deliver::settle(engine, effect, settlement)?)
}

impl From<SettleError> for Problem {
    fn from(error: SettleError) -> Self {
        let code = error.code();
        match error {
            SettleError::Store(error) => error.into(),
            SettleError::Unknown(_) => Self::new(StatusCode::NOT_FOUND, code, error.to_string()),
            SettleError::NotOpen(..) => Self::conflict(code, error.to_string()),
        }
    }
}
