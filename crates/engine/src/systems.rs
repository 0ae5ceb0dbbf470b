//! Reaching other systems for people who set them up: what the runtime does by itself is done in `deliver`.

pub mod consent;

use caravan_catalog::Definition;
use caravan_connect::Choice;
pub use caravan_connect::Surroundings;
use caravan_connect::connector::{Secret, Secrets};
use caravan_connect::dns::{Dns, RecordCheck};
use caravan_model::Finding;
use caravan_model::document::{Destination, DocumentKind};
use caravan_store::choices::{self, KeptChoices};
use caravan_store::{StoreError, documents, health};
use jiff::{SignedDuration, Timestamp};

use crate::Engine;
use crate::audiences::{self, AudienceState};
use crate::definitions::DefinitionError;
use crate::deliver::{DomainCheck, Doors, Way, audiences_of, check_domain, open_once, settings_of, sign_with};
use crate::external::{self, Found};
use crate::live::Live;

/// How long choices are believed.
const CHOICES_HOLD: SignedDuration = SignedDuration::from_mins(15);
/// Code of a failure that somebody found by trying.
const TEST_FAILED: &str = "test_failed";

/// What a picker offers, and as of when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// In the order in which the other side has them.
    pub choices: Vec<Choice>,
    /// When the other side was asked.
    pub asked_at: Timestamp,
    /// Why these are old ones: the other side could not be asked now.
    pub problem: Option<String>,
}

/// Other systems, as far as a person asks for them. Cheap to clone. Every call blocks.
#[derive(Clone)]
pub struct Systems {
    engine: Engine,
    surroundings: Surroundings,
    /// Who answers for the DNS; none: whom this machine asks.
    dns: Option<Dns>,
}

impl Systems {
    /// Other systems, reached with what this process has.
    pub fn new(engine: &Engine, surroundings: Surroundings) -> Self {
        Self { engine: engine.clone(), surroundings, dns: None }
    }

    /// With another DNS than this machine's.
    #[must_use]
    pub fn with_dns(mut self, dns: Dns) -> Self {
        self.dns = Some(dns);
        self
    }

    /// Looks a sending domain up in the DNS, and keeps what was found.
    ///
    /// # Errors
    /// There is no such domain, its keys cannot be used, or this machine asks no DNS.
    pub fn check_domain(&self, key: &str) -> Result<DomainCheck, DefinitionError> {
        let dns = self.dns()?;
        let unknown =
            || DefinitionError::Unknown { kind: DocumentKind::SendingDomain.key().to_owned(), key: key.to_owned() };
        let checked = check_domain(&self.engine, &dns, key)?.ok_or_else(unknown)?;
        Ok(checked.map_err(|why| Finding::error("dkim_key_unusable", "/dkim", why))?)
    }

    /// Lets a signing key that was made here sign, once it is found in the DNS.
    ///
    /// # Errors
    /// There is no such domain or key, it is not found, or this machine asks no DNS.
    pub fn sign_with(&self, key: &str, selector: &str, actor: &str) -> Result<RecordCheck, DefinitionError> {
        sign_with(&self.engine, &self.dns()?, key, selector, actor)
    }

    fn dns(&self) -> Result<Dns, DefinitionError> {
        if let Some(dns) = &self.dns {
            return Ok(dns.clone());
        }
        let found = Dns::of_machine(&self.surroundings.runtime);
        Ok(found.map_err(|why| Finding::error("dns_unreachable", "", format!("{why}.")))?)
    }

    /// Looks at the service whose OpenAPI document is at `url`, with secrets by name, without keeping anything.
    ///
    /// # Errors
    /// Everything that stands against registering it.
    pub fn inspect(
        &self,
        url: &str,
        secrets: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Found, DefinitionError> {
        let secrets: Secrets = secrets.into_iter().map(|(name, value)| (name, Secret::new(value))).collect();
        external::inspect(url, &secrets, &self.surroundings)
    }

    /// Reads the document of an external action and keeps what was found; the service's title.
    ///
    /// # Errors
    /// There is no such action, or everything that stands against it.
    pub fn register(&self, key: &str) -> Result<String, DefinitionError> {
        Ok(external::register(&self.engine, &self.surroundings, key)?.described.title)
    }

    /// The keys of all definitions of a kind, in order.
    ///
    /// # Errors
    /// The store's.
    pub fn keys(&self, kind: &str) -> Result<Vec<String>, DefinitionError> {
        let live = self.engine.store().read(|s| self.engine.live(s))?;
        let kind = DocumentKind::from_key(kind).into_iter();
        let mut keys: Vec<String> =
            kind.flat_map(|kind| live.definitions.of_kind(kind)).map(|d| d.key.clone()).collect();
        keys.sort();
        Ok(keys)
    }

    /// Tries a connection (or service) without sending anything: what the other side said, or what is wrong and what to
    /// do. It is written down as how the connection is.
    ///
    /// # Errors
    /// There is none of that key.
    pub fn check(&self, kind: DocumentKind, key: &str) -> Result<Result<String, String>, DefinitionError> {
        let live = self.engine.store().read(|s| self.engine.live(s))?;
        let definition = live.definitions.get(kind, key).ok_or_else(|| unknown(kind, key))?;
        let door = open_once(&live, &Way::of(definition), &self.surroundings);
        let said = door.as_ref().map_err(Clone::clone).and_then(|door| door.check());
        self.engine.store().write(|s| {
            let now = s.now()?;
            match &said {
                Ok(_) => health::worked(s, definition.id, now),
                Err(why) => health::failed(s, definition.id, now, TEST_FAILED, why),
            }
        })?;
        if let Ok(door) = door {
            audiences::look_at_consent(&self.engine, &live, definition, door.as_ref())?;
        }
        Ok(said)
    }

    /// Tries a destination without sending anything: what the other side said, or what is wrong and what to do.
    ///
    /// # Errors
    /// There is no such destination.
    pub fn check_destination(&self, key: &str) -> Result<Result<String, String>, DefinitionError> {
        let live = self.engine.store().read(|s| self.engine.live(s))?;
        let (definition, destination) = destination(&live, key)?;
        let door = match open_once(&live, &Way::connection(&destination.connection), &self.surroundings) {
            Ok(door) => door,
            Err(why) => return Ok(Err(why)),
        };
        let Some(audiences) = door.audiences() else { return Ok(door.check()) };
        Ok(audiences.existing(&settings_of(definition)).map(|all| match all.len() {
            1 => "Reached; 1 audience is there.".to_owned(),
            n => format!("Reached; {n} audiences are there."),
        }))
    }

    /// The audiences of a destination, as they were when they were last asked; asked `now` where that is wanted.
    ///
    /// # Errors
    /// There is no such destination, or its connection cannot be opened.
    pub fn audiences(&self, key: &str, now: bool) -> Result<Vec<AudienceState>, DefinitionError> {
        let live = self.engine.store().read(|s| self.engine.live(s))?;
        let (definition, destination) = destination(&live, key)?;
        let refused = |why| DefinitionError::from(Finding::error("destination_unusable", "", why));
        let door = open_once(&live, &Way::connection(&destination.connection), &self.surroundings).map_err(refused)?;
        let minimum = audiences_of(door.as_ref(), &destination.connection).map_err(refused)?.minimum();
        if now {
            let doors = Doors::real(self.surroundings.clone());
            audiences::ask_how_all_stand(&self.engine, &live, &doors, Some(definition))?;
        }
        Ok(self.engine.store().read(|s| audiences::states(s, &live, definition, minimum))?)
    }

    /// What a picker offers of the other side: `lists`, `campaigns` …, within what was chosen before. It is asked when
    /// nobody did within a quarter of an hour, when the connection was changed since, or with `anew`.
    ///
    /// # Errors
    /// There is no such connection, or the other side does not say and never did.
    pub fn choices(&self, key: &str, what: &str, within: Option<&str>, anew: bool) -> Result<Offered, DefinitionError> {
        let kind = DocumentKind::Connection;
        let (live, row, now) = self
            .engine
            .store()
            .read(|s| Ok::<_, StoreError>((self.engine.live(s)?, documents::get(s, kind.key(), key)?, s.now()?)))?;
        let row = row.ok_or_else(|| unknown(kind, key))?;
        let inside = within.unwrap_or_default();
        let kept = self.engine.store().read(|s| choices::get(s, row.id, what, inside))?;
        let kept = kept.filter(|kept| kept.revision == row.revision).and_then(offered);
        if let Some(kept) = kept.as_ref().filter(|kept| !anew && now.duration_since(kept.asked_at) < CHOICES_HOLD) {
            return Ok(kept.clone());
        }
        let way = Way::connection(key);
        let found = open_once(&live, &way, &self.surroundings).and_then(|door| door.choices(what, within));
        match (found, kept) {
            (Ok(choices), _) => {
                let body = serde_json::to_string(&choices).unwrap_or_default();
                let keep = KeptChoices { revision: row.revision, asked_at: now, body };
                self.engine.store().write(|s| choices::put(s, row.id, what, inside, &keep))?;
                Ok(Offered { choices, asked_at: now, problem: None })
            }
            (Err(why), Some(kept)) => Ok(Offered { problem: Some(why), ..kept }),
            (Err(why), None) => Err(Finding::error("no_choices", "", why).into()),
        }
    }
}

fn offered(kept: KeptChoices) -> Option<Offered> {
    let choices = serde_json::from_str(&kept.body).ok()?;
    Some(Offered { choices, asked_at: kept.asked_at, problem: None })
}

fn unknown(kind: DocumentKind, key: &str) -> DefinitionError {
    DefinitionError::Unknown { kind: kind.key().to_owned(), key: key.to_owned() }
}

fn destination<'a>(live: &'a Live, key: &str) -> Result<(&'a Definition, Destination), DefinitionError> {
    let definition = live
        .definitions
        .get(DocumentKind::Destination, key)
        .map(AsRef::as_ref)
        .ok_or_else(|| unknown(DocumentKind::Destination, key))?;
    let unreadable = || Finding::error("bad_destination", "", format!("The destination `{key}` cannot be read."));
    Ok((definition, definition.read().ok_or_else(unreadable)?))
}
