//! What a service posts to the callback address, read against what it said it would answer.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::definition::{EntityType, Field, ServiceDefinition};
use super::entity::{Entity, is_number};

/// The longest code and the longest reason that are kept, in characters.
const LONGEST_CODE: usize = 64;
const LONGEST_REASON: usize = 300;

/// What was answered for one entity.
#[derive(Debug, Clone, PartialEq)]
pub enum Answered {
    /// It is done.
    Succeeded {
        /// What paths are chosen by.
        variables: Map<String, Json>,
        /// Attributes under the service's names.
        attributes: Map<String, Json>,
        /// Members that the service did not announce; they are not taken.
        ignored: usize,
    },
    /// It could not be done, or the answer is not what was announced.
    Failed {
        /// The service's code, or `invalid_answer`.
        code: String,
        /// For people.
        reason: String,
    },
}

/// The body is no callback about this entity. The service must not repeat it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadCallback(String);

fn bad<T>(why: impl Into<String>) -> Result<T, BadCallback> {
    Err(BadCallback(why.into()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    object_data: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    activity_data: Activity,
    #[serde(default)]
    lead_data: Option<Map<String, Json>>,
    #[serde(default)]
    account_data: Option<Map<String, Json>>,
    #[serde(default)]
    account_person_data: Option<Vec<Map<String, Json>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Activity {
    success: bool,
    #[serde(default)]
    error_code: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

/// The member `token` of a body that carries its token inside.
pub fn token_in(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Inside {
        token: String,
    }
    serde_json::from_slice::<Inside>(body).ok().map(|inside| inside.token)
}

/// Reads the callback about `entity`.
///
/// # Errors
/// The body is not a callback, or about somebody else.
pub fn read(body: &[u8], of: &ServiceDefinition, entity: Entity) -> Result<Answered, BadCallback> {
    let body: Body =
        serde_json::from_slice(body).map_err(|error| BadCallback(format!("The callback cannot be read: {error}.")))?;
    let [entry] = body.object_data.as_slice() else {
        return bad(format!("The callback has {} entries in objectData; there must be one.", body.object_data.len()));
    };
    let Parts { own, beside } = parts(entry, of.supported_entity_type, entity)?;
    if !entry.activity_data.success {
        return Ok(failed(&entry.activity_data));
    }
    let announced = &of.callback_payload_def;
    let mut taken = Taken::default();
    match of.supported_entity_type {
        EntityType::Account => taken.fields(own, &announced.account_fields, &["id", "accessorValues"]),
        EntityType::Lead => taken.fields(own, &announced.fields, &["id", "accessorValues"]),
        EntityType::AccountPerson => {
            let lead = own.get("leadData").and_then(Json::as_object).cloned().unwrap_or_default();
            taken.fields(beside, &announced.account_fields, &["id"]);
            taken.fields(&lead, &announced.fields, &["id"]);
            taken.ignored += own.keys().filter(|key| !RELATION.contains(&key.as_str())).count();
        }
    }
    let said = own.get("accessorValues").and_then(Json::as_object).cloned().unwrap_or_default();
    for accessor in &of.invocation_payload_def.accessors_metadata {
        let name = &accessor.accessor_name;
        let value = said.get(name).or_else(|| said.get(&format!("my.{name}"))).cloned().unwrap_or(Json::Null);
        if !accessor.takes(&value) {
            let reason = format!("The answer's `{name}` is not what the service announced ({}).", accessor.data_type);
            return Ok(Answered::Failed { code: "invalid_answer".to_owned(), reason });
        }
        taken.variables.insert(name.clone(), value);
    }
    Ok(Answered::Succeeded { variables: taken.variables, attributes: taken.attributes, ignored: taken.ignored })
}

/// Members of a relation's entry.
const RELATION: [&str; 5] = ["accountPersonRelId", "accountId", "personId", "leadData", "accessorValues"];

#[derive(Default)]
struct Taken {
    variables: Map<String, Json>,
    attributes: Map<String, Json>,
    ignored: usize,
}

impl Taken {
    fn fields(&mut self, said: &Map<String, Json>, announced: &[Field], known: &[&str]) {
        for (name, value) in said.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
            match announced.iter().any(|field| field.service_attribute == *name) {
                true => _ = self.attributes.insert(name.clone(), value.clone()),
                false => self.ignored += 1,
            }
        }
    }
}

/// The part about the entity itself, and the part about its account beside it.
struct Parts<'a> {
    own: &'a Map<String, Json>,
    beside: &'a Map<String, Json>,
}

fn parts(entry: &Entry, of: EntityType, entity: Entity) -> Result<Parts<'_>, BadCallback> {
    static NOTHING: std::sync::LazyLock<Map<String, Json>> = std::sync::LazyLock::new(Map::new);
    let beside = entry.account_data.as_ref().unwrap_or(&NOTHING);
    let of_whom = |data: Option<&'_ Map<String, Json>>, member: &str, id: i64| match data {
        None => bad(format!("The callback lacks {member}.")),
        Some(data) if !is_number(data.get("id"), id) => bad(format!("{member}.id is not the id that was asked about.")),
        Some(_) => Ok(()),
    };
    match of {
        EntityType::Account => {
            of_whom(entry.account_data.as_ref(), "accountData", entity.account)?;
            Ok(Parts { own: beside, beside: &NOTHING })
        }
        EntityType::Lead => {
            of_whom(entry.lead_data.as_ref(), "leadData", entity.person.unwrap_or_default())?;
            Ok(Parts { own: entry.lead_data.as_ref().unwrap_or(&NOTHING), beside: &NOTHING })
        }
        EntityType::AccountPerson => {
            if entry.account_data.is_some() {
                of_whom(entry.account_data.as_ref(), "accountData", entity.account)?;
            }
            let all = entry.account_person_data.as_deref().unwrap_or_default();
            let fits = |one: &&Map<String, Json>| {
                is_number(one.get("accountPersonRelId"), entity.relation())
                    && is_number(one.get("accountId"), entity.account)
                    && is_number(one.get("personId"), entity.person.unwrap_or_default())
            };
            match all.iter().find(fits) {
                Some(own) => Ok(Parts { own, beside }),
                None => bad("accountPersonData does not hold the relation that was asked about."),
            }
        }
    }
}

fn failed(said: &Activity) -> Answered {
    let code: String = said
        .error_code
        .as_deref()
        .unwrap_or_default()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .take(LONGEST_CODE)
        .collect();
    let reason =
        said.reason.as_deref().unwrap_or_default().chars().filter(|c| !c.is_control()).take(LONGEST_REASON).collect();
    Answered::Failed { code: if code.is_empty() { "unsuccessful".to_owned() } else { code }, reason }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition(entity: &str) -> ServiceDefinition {
        let definition = json!({
            "apiName": "score", "i18n": {"en_US": {"name": "Score", "description": "Scores"}}, "description": "d",
            "primaryAttribute": "model", "supportedEntityType": entity, "enableSplitPaths": true,
            "invocationPayloadDef": {
                "flowAttributes": [{"apiName": "model", "dataType": "string"}],
                "fields": [{"serviceAttribute": "email"}], "accountFields": [{"serviceAttribute": "company"}],
                "accessorsMetadata": [{"accessorName": "score", "dataType": "integer", "constraints": {"minValue": 0, "maxValue": 100}},
                                      {"accessorName": "tier", "dataType": "string", "constraints": {"allowedValues": ["gold", "tin"]}}]},
            "callbackPayloadDef": {"fields": [{"serviceAttribute": "title"}], "accountFields": [{"serviceAttribute": "sector"}]},
        });
        ServiceDefinition::read(definition.to_string().as_bytes()).unwrap()
    }

    const ANN: Entity = Entity { account: 7, person: Some(12_345) };

    fn heard(entity: &str, entry: Json) -> Result<Answered, BadCallback> {
        read(json!({"objectData": [entry]}).to_string().as_bytes(), &definition(entity), ANN)
    }

    fn success() -> Json {
        json!({"success": true})
    }

    #[test]
    fn an_answer_brings_what_was_announced_and_nothing_else() {
        let entry = json!({"activityData": success(), "leadData": {"id": "12345", "title": "CTO", "salary": 1, "accessorValues": {"score": 92, "noise": 1}}});
        let Ok(Answered::Succeeded { variables, attributes, ignored }) = heard("lead", entry) else {
            panic!("answered")
        };
        assert_eq!(json!(variables), json!({"score": 92, "tier": null}));
        assert_eq!((json!(attributes), ignored), (json!({"title": "CTO"}), 1));
    }

    #[test]
    fn a_relation_brings_attributes_of_both_sides() {
        let relation = json!({"accountPersonRelId": ANN.relation(), "accountId": 7, "personId": 12_345, "leadData": {"title": "CTO"},
            "accessorValues": {"score": 1}, "email": "x"});
        let entry = json!({"activityData": success(), "accountPersonData": [relation], "accountData": {"id": 7, "sector": "IT", "accessorValues": {"score": 5}}});
        let Ok(Answered::Succeeded { variables, attributes, ignored }) = heard("accountPerson", entry) else {
            panic!("answered")
        };
        assert_eq!(json!(variables)["score"], 1);
        assert_eq!((json!(attributes), ignored), (json!({"sector": "IT", "title": "CTO"}), 2));
    }

    #[test]
    fn what_is_about_somebody_else_or_no_callback_is_refused() {
        for entry in [
            json!({"activityData": success(), "leadData": {"id": 1}}),
            json!({"activityData": success(), "accountData": {"id": 7}}),
            json!({"activityData": {}, "leadData": {"id": 12_345}}),
            json!({"leadData": {"id": 12_345}}),
        ] {
            assert!(heard("lead", entry.clone()).is_err(), "{entry}");
        }
        let other = json!({"accountPersonRelId": ANN.relation(), "accountId": 8, "personId": 12_345});
        assert!(heard("accountPerson", json!({"activityData": success(), "accountPersonData": [other]})).is_err());
        assert!(read(b"{}", &definition("lead"), ANN).is_err());
        assert!(read(b"<html>", &definition("lead"), ANN).is_err());
        assert!(read(br#"{"objectData": []}"#, &definition("lead"), ANN).is_err());
    }

    #[test]
    fn failures_and_values_out_of_bounds_fail_the_one_they_are_about() {
        let failure = json!({"activityData": {"success": false, "errorCode": "NOT_FOUND", "reason": "gone"}, "accountData": {"id": 7}});
        assert_eq!(heard("account", failure), Ok(Answered::Failed { code: "NOT_FOUND".into(), reason: "gone".into() }));
        for values in [json!({"score": 101}), json!({"score": "92"}), json!({"score": 1.5}), json!({"tier": "lead"})] {
            let entry = json!({"activityData": success(), "accountData": {"id": 7, "accessorValues": values}});
            let Ok(Answered::Failed { code, .. }) = heard("account", entry) else { panic!("failed: {values}") };
            assert_eq!(code, "invalid_answer");
        }
    }
}
