//! Who meets a condition, of many: one statement finds them, and where SQL leaves a test open the evaluator has the last
//! word over those that it found.

use caravan_catalog::Needs;
use caravan_model::attribute::Subject;
use caravan_model::condition::{Condition, Context, Noted};
use caravan_model::{AccountId, Finding, PersonId};
use caravan_store::filter::{Filter, Ground};
use caravan_store::{Session, StoreError, people};
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::Engine;
use crate::live::Live;
use crate::load::{Wanted, load};

/// Subjects that are loaded at once where the evaluator has the last word.
const AT_ONCE: usize = 1_000;

/// Everybody who meets a condition at one instant.
pub struct Set<'a> {
    live: &'a Live,
    condition: &'a Condition,
    needs: Needs,
    now: Timestamp,
    entry: Option<Timestamp>,
}

impl<'a> Set<'a> {
    /// Of a condition whose names are bound.
    pub fn new(live: &'a Live, condition: &'a Condition, now: Timestamp) -> Self {
        Self { live, condition, needs: Needs::from(&condition.needs()), now, entry: None }
    }

    /// The same for travellers that enter at this very instant: what counts from their entry begins now.
    #[must_use]
    pub fn entering(self) -> Self {
        Self { entry: Some(self.now), ..self }
    }

    fn context(&self) -> Context<'a> {
        Context { now: self.now, entry: self.entry, zone: self.live.zone() }
    }

    /// The condition as SQL.
    pub fn filter(&self, s: &dyn Session) -> Filter {
        let context = self.context();
        let ground = Ground {
            schema: &self.live.definitions.schema,
            context: &context,
            objects_of_accounts: &self.live.objects_of_accounts,
        };
        Filter::compile(s.dialect(), self.condition, ground)
    }

    /// Those of `ids` that are in it, in order.
    ///
    /// # Errors
    /// The store's.
    pub fn among(&self, s: &mut dyn Session, ids: &[i64]) -> Result<Vec<i64>, StoreError> {
        let filter = self.filter(s);
        let found = filter.among(s, ids)?;
        self.settled(s, &filter, found)
    }

    /// The next `most` behind the id `after`, in order; fewer only when there are no more.
    ///
    /// # Errors
    /// The store's.
    pub fn next(&self, s: &mut dyn Session, after: i64, most: usize) -> Result<Vec<i64>, StoreError> {
        let filter = self.filter(s);
        if filter.is_exact() {
            return filter.next(s, after, most);
        }
        let (mut after, mut all) = (after, Vec::new());
        while all.len() < most {
            let found = filter.next(s, after, AT_ONCE)?;
            let Some(&last) = found.last() else { break };
            after = last;
            all.extend(self.judged(s, &found)?);
        }
        all.truncate(most);
        Ok(all)
    }

    /// How many are in it.
    ///
    /// # Errors
    /// The store's.
    pub fn count(&self, s: &mut dyn Session) -> Result<i64, StoreError> {
        let filter = self.filter(s);
        if filter.is_exact() {
            return filter.count(s);
        }
        let (mut after, mut n) = (0, 0);
        loop {
            let found = filter.next(s, after, AT_ONCE)?;
            let Some(&last) = found.last() else { return Ok(n) };
            after = last;
            n += self.judged(s, &found)?.len() as i64;
        }
    }

    fn settled(&self, s: &mut dyn Session, filter: &Filter, found: Vec<i64>) -> Result<Vec<i64>, StoreError> {
        if filter.is_exact() {
            return Ok(found);
        }
        let mut all = Vec::new();
        for found in found.chunks(AT_ONCE) {
            all.extend(self.judged(s, found)?);
        }
        Ok(all)
    }

    /// Those of `ids` that the evaluator in memory finds, in the order given.
    ///
    /// # Errors
    /// The store's.
    pub fn judged(&self, s: &mut dyn Session, ids: &[i64]) -> Result<Vec<i64>, StoreError> {
        let (world, context) = (self.world(s, ids)?, self.context());
        let holds = |&id: &i64| {
            let subject = self.subject_in(&world, id);
            subject.is_some_and(|subject| world.belongs(self.condition, subject, &context))
        };
        Ok(ids.iter().copied().filter(holds).collect())
    }

    /// Why one of them is in it or not; none where there is no such subject.
    ///
    /// # Errors
    /// The store's.
    pub fn explain(&self, s: &mut dyn Session, id: i64) -> Result<Option<Noted>, StoreError> {
        let world = self.world(s, &[id])?;
        let subject = self.subject_in(&world, id);
        Ok(subject.map(|subject| world.explain(self.condition, subject, &self.context())))
    }

    fn world(&self, s: &mut dyn Session, ids: &[i64]) -> Result<caravan_catalog::World, StoreError> {
        let mut wanted = Wanted::of(&self.needs);
        for &id in ids {
            match self.condition.subject() {
                Subject::Account => wanted.account(AccountId(id), &self.needs),
                Subject::Person => wanted.person(PersonId(id)),
            }
        }
        load(s, self.live, self.now, &wanted)
    }

    fn subject_in(&self, world: &caravan_catalog::World, id: i64) -> Option<caravan_catalog::Subject> {
        match self.condition.subject() {
            Subject::Account => world.account_ix(AccountId(id)).map(caravan_catalog::Subject::Account),
            Subject::Person => world.person_ix(PersonId(id)).map(caravan_catalog::Subject::Person),
        }
    }
}

/// Who meets a condition now.
#[derive(Debug)]
pub struct Preview {
    /// The condition in words.
    pub words: String,
    /// What is allowed but cannot be meant.
    pub warnings: Vec<Finding>,
    /// How many meet it.
    pub count: i64,
    /// The first of them, by id.
    pub sample: Vec<i64>,
    /// Why the subject that was named does or does not.
    pub why: Option<Noted>,
}

/// What keeps a preview from being made.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The condition has mistakes.
    #[error("the condition has mistakes")]
    Findings(Vec<Finding>),
    /// The subject that was named does not exist.
    #[error("there is no {subject} with the key `{key}`", subject = .0.as_str(), key = .1)]
    Unknown(Subject, String),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A condition to preview.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
    /// Whom it is about.
    pub subject: Subject,
    /// As manifests hold it.
    pub when: &'a Json,
    /// It stands in a journey: what counts from the entry counts as for somebody who enters now.
    pub entering: bool,
    /// How many of those who meet it are named.
    pub sample: usize,
    /// Key of a subject to explain the answer for.
    pub named: Option<&'a str>,
}

/// Previews a condition, read from one consistent state: how many meet it, the first of them, and why one named subject
/// does or does not.
///
/// # Errors
/// [`PreviewError`].
pub fn preview(engine: &Engine, trial: Trial<'_>) -> Result<Preview, PreviewError> {
    let Trial { subject, when, entering, sample, named } = trial;
    engine.store().read(|s| {
        let live = engine.live(s)?;
        let read = match subject {
            Subject::Account => live.definitions.account_condition(when, "/when"),
            Subject::Person => live.definitions.person_condition(when, "/when"),
        };
        let condition = read.map_err(PreviewError::Findings)?;
        let set = Set::new(&live, &condition, s.now()?);
        let set = if entering { set.entering() } else { set };
        let why = match named {
            Some(key) => Some(explained(s, &live, &set, subject, key)?),
            None => None,
        };
        Ok(Preview {
            words: condition.root().describe(),
            warnings: condition.warnings().to_vec(),
            count: set.count(s)?,
            sample: set.next(s, 0, sample)?,
            why,
        })
    })
}

fn explained(
    s: &mut dyn Session,
    live: &Live,
    set: &Set<'_>,
    subject: Subject,
    key: &str,
) -> Result<Noted, PreviewError> {
    let row = people::by_key(s, &live.definitions.schema, subject.into(), key)?;
    let noted = match row {
        Some(row) => set.explain(s, row.id)?,
        None => None,
    };
    noted.ok_or_else(|| PreviewError::Unknown(subject, key.to_owned()))
}
