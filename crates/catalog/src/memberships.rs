//! What the actions share that put accounts into audiences at destinations and take them out.

use caravan_model::Finding;
use caravan_model::attribute::{AttributeNo, AttributeSet, Subject as Of, account};
use caravan_model::document::{Destination, DocumentKind};
use serde_json::{Map, Value as Json};

use crate::action::{Outcome, Subject, Visit};
use crate::changes::NewEffect;
use crate::definitions::Definitions;
use crate::effects::{self, MembershipEffect};
use crate::needs::Needs;
use crate::world::{AccountIx, World};

/// What every destination gets to know of an account, as far as there is something to know.
const TOLD: [&str; 8] = ["website", "industry", "city", "state", "region", "country", "country_code", "postal_code"];

/// Reasons that both actions may have.
pub const SUPERSEDED: (&str, &str) =
    ("superseded", "Something else was decided about the account and this audience later, and was done before.");

/// Which attributes of accounts a destination is told: those of every destination, and those that its settings map.
#[derive(Debug, Clone)]
pub struct Told(Vec<(String, AttributeNo)>);

impl Told {
    /// What this destination is told.
    ///
    /// # Errors
    /// Its settings name an attribute that there is not.
    pub fn of(destination: &Destination, accounts: &AttributeSet, pointer: &str) -> Result<Self, Finding> {
        let mapped = destination.settings.get("fields").and_then(Json::as_object);
        let mapped = mapped.into_iter().flat_map(|fields| fields.values().filter_map(Json::as_str));
        let mut told = vec![("key".to_owned(), account::KEY), ("name".to_owned(), account::NAME)];
        told.extend(TOLD.iter().filter_map(|key| Some(((*key).to_owned(), accounts.no(key)?))));
        for key in mapped.filter(|key| !TOLD.contains(key)) {
            told.push((key.to_owned(), accounts.find(key, pointer)?.0));
        }
        told.dedup_by(|one, other| one.0 == other.0);
        Ok(Self(told))
    }

    /// What must be loaded.
    pub fn needs(&self) -> Needs {
        Needs { account_attributes: self.0.iter().map(|(_, no)| *no).collect(), ..Needs::default() }
    }

    /// What there is to tell of an account; missing values are left out.
    pub fn about(&self, ix: AccountIx, world: &World) -> Map<String, Json> {
        let known = |(key, no): &(String, AttributeNo)| {
            let value = world.account_value(ix, *no);
            (!value.is_missing()).then(|| (key.clone(), value.to_json()))
        };
        self.0.iter().filter_map(known).collect()
    }
}

/// An audience at a destination, ready to be joined or left by one account after another.
pub struct PreparedMembership {
    connection: String,
    destination: String,
    audience: String,
    operation: &'static str,
    joins: bool,
    told: Told,
    lane: String,
}

impl PreparedMembership {
    /// The audience called `audience` at the destination `key`, which must take accounts.
    pub fn new(
        definitions: &Definitions,
        (key, audience): (&str, &str),
        operation: &'static str,
        joins: bool,
    ) -> Result<Self, Vec<Finding>> {
        const POINTER: &str = "/destination";
        let found = definitions.find(DocumentKind::Destination, key, POINTER).map_err(|f| vec![f])?;
        let wrong = |code: &str, message: String| vec![Finding::error(code, POINTER, message)];
        let destination: Destination = found.read().ok_or_else(|| {
            wrong("bad_destination", format!("The destination `{key}` cannot be read. Apply it again."))
        })?;
        if !destination.destination_type.takes_accounts() {
            let message = format!("The destination `{key}` takes no accounts. Choose one of LinkedIn's.");
            return Err(wrong("wrong_destination_type", message));
        }
        let connection = &destination.connection;
        definitions.find(DocumentKind::Connection, connection, POINTER).map_err(|f| vec![f])?;
        let told = Told::of(&destination, definitions.schema.of(Of::Account), POINTER).map_err(|f| vec![f])?;
        let audience = audience.trim().to_owned();
        // Joining and leaving stand in one lane, in the order in which they were decided.
        let lane = format!("audience:{connection}:{key}:{audience}");
        let (connection, destination) = (connection.clone(), key.to_owned());
        Ok(Self { connection, destination, audience, operation, joins, told, lane })
    }

    /// What a change of membership looks at.
    pub fn needs(&self) -> Needs {
        self.told.needs()
    }

    /// Queues the change for an account.
    pub fn queue(&self, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        let Subject::Account(ix) = subject else { return Outcome::Failed("no_account") };
        let body = MembershipEffect {
            connection: self.connection.clone(),
            destination: self.destination.clone(),
            audience: self.audience.clone(),
            journey: effects::journey_key(&visit.origin.source),
            node: visit.node,
            operation: self.operation.to_owned(),
            joins: self.joins,
            account: if self.joins { self.told.about(ix, world) } else { Map::new() },
        };
        let effect = NewEffect {
            lane: self.lane.clone(),
            kind: effects::MEMBERSHIP,
            key: format!("{}.{}", visit.enrollment, visit.node),
            shard: visit.shard,
            enrollment: visit.enrollment,
            version: visit.version,
            node: visit.node,
            account: Some(world.account(ix).id),
            person: None,
            body: serde_json::to_string(&body).unwrap_or_default(),
        };
        world.changes.effects.push(effect);
        Outcome::Pending
    }
}
