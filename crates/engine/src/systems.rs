//! Reaching other systems for people who set them up: what the runtime does by itself is done in `deliver`.

use caravan_connect::Choice;
pub use caravan_connect::Surroundings;
use caravan_connect::connector::{Secret, Secrets};
use caravan_connect::dns::Dns;
use caravan_model::Finding;
use caravan_model::document::DocumentKind;

use crate::Engine;
use crate::definitions::DefinitionError;
use crate::deliver::{DomainCheck, check_domain, open_connection};
use crate::external::{self, Found};

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
        let dns = match &self.dns {
            Some(dns) => dns.clone(),
            None => Dns::of_machine(&self.surroundings.runtime)
                .map_err(|why| Finding::error("dns_unreachable", "", format!("{why}.")))?,
        };
        let unknown =
            || DefinitionError::Unknown { kind: DocumentKind::SendingDomain.key().to_owned(), key: key.to_owned() };
        let checked = check_domain(&self.engine, &dns, key)?.ok_or_else(unknown)?;
        Ok(checked.map_err(|why| Finding::error("dkim_key_unusable", "/dkim", why))?)
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

    /// Tries a connection without sending anything: what the other side said, or what is wrong and what to do.
    ///
    /// # Errors
    /// There is no such connection.
    pub fn check(&self, key: &str) -> Result<Result<String, String>, DefinitionError> {
        let live = self.engine.store().read(|s| self.engine.live(s))?;
        known(&live, key)?;
        Ok(open_connection(&live, key, &self.surroundings).and_then(|door| door.check()))
    }

    /// What a picker offers of the other side: `lists`, `campaigns` …, within what was chosen before.
    ///
    /// # Errors
    /// There is no such connection, or the other side does not say.
    pub fn choices(&self, key: &str, what: &str, within: Option<&str>) -> Result<Vec<Choice>, DefinitionError> {
        let live = self.engine.store().read(|s| self.engine.live(s))?;
        known(&live, key)?;
        let found = open_connection(&live, key, &self.surroundings).and_then(|door| door.choices(what, within));
        found.map_err(|why| Finding::error("no_choices", "", why).into())
    }
}

fn known(live: &crate::live::Live, key: &str) -> Result<(), DefinitionError> {
    let found = live.definitions.get(DocumentKind::Connection, key).map(|_| ());
    found.ok_or_else(|| DefinitionError::Unknown {
        kind: DocumentKind::Connection.key().to_owned(),
        key: key.to_owned(),
    })
}
