//! Personas: named kinds of people, by what their attributes say.

use caravan_model::DocumentId;
use caravan_model::attribute::{Schema, Subject};
use caravan_model::condition::{Condition, Expr, Scope};
use caravan_model::document::{DocumentKind, Persona};
use serde_json::{Value, json};

use crate::Definitions;

/// One persona.
#[derive(Debug, Clone)]
struct Known {
    id: DocumentId,
    key: String,
    /// How many attributes it asks for: of those that fit, the one that asks for most fits best.
    asks: usize,
    like: Value,
}

/// All personas of an installation, those that win first.
#[derive(Debug, Clone)]
pub struct Personas<'a> {
    schema: &'a Schema,
    all: Vec<Known>,
}

impl<'a> Personas<'a> {
    /// The personas there are: those that ask for more attributes first, then in the order in which they were made.
    pub fn of(definitions: &'a Definitions) -> Self {
        let mut all: Vec<Known> = definitions
            .of_kind(DocumentKind::Persona)
            .filter_map(|d| Some((d, d.read::<Persona>()?)))
            .map(|(d, persona)| Known {
                id: d.id,
                key: d.key.clone(),
                asks: persona.attributes.len(),
                like: like(&persona),
            })
            .collect();
        all.sort_by_key(|known| (std::cmp::Reverse(known.asks), known.id));
        Self { schema: &definitions.schema, all }
    }

    /// What people of a persona are like; `derived`: and of no other one that would win over it.
    pub fn like(&self, key: &str, derived: bool) -> Option<Expr> {
        let place = self.all.iter().position(|known| known.key == key)?;
        let like = &self.all[place].like;
        let whole = match derived {
            false => like.clone(),
            true => {
                let better: Vec<&Value> = self.all[..place].iter().map(|known| &known.like).collect();
                json!({"all": [like, {"not": {"any": better}}]})
            }
        };
        let scope = Scope { subject: Subject::Person, schema: self.schema, in_journey: false };
        // An attribute that is no longer managed leaves nobody in the persona.
        Condition::read(&whole, "", scope).ok().map(|condition| condition.root().clone())
    }

    /// Their keys, those that win first.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|known| known.key.as_str())
    }
}

/// All attributes hold one of their values.
fn like(persona: &Persona) -> Value {
    let parts: Vec<Value> = persona
        .attributes
        .iter()
        .map(|asked| {
            let values: Vec<&str> = asked.values.iter().map(|value| value.trim()).collect();
            json!({"person": asked.attribute, "is": values})
        })
        .collect();
    json!({ "all": parts })
}
