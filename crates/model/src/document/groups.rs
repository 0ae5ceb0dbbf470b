//! Buying groups: roles, templates, interests, personas, weights. Stages have a file of their own.

use std::collections::{BTreeMap, HashSet};

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Definition, DocumentKind, Envelope, PlacedCondition, Reference};
use crate::attribute::Subject;
use crate::finding::Finding;

/// The roles that every installation has, in their fixed order.
pub const BUILT_IN_ROLES: [&str; 6] =
    ["Decision Maker", "Influencer", "Practitioner", "Executive Steering Committee", "Champion", "Other"];

/// A role beside the built-in ones. Others refer to it by its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {}

impl Definition for Role {
    fn check(&self, envelope: &Envelope) -> Vec<Finding> {
        let taken = BUILT_IN_ROLES.iter().find(|built_in| built_in.eq_ignore_ascii_case(&envelope.name));
        let message = |name| format!("`{name}` is a built-in role, which cannot be changed. Choose another name.");
        taken.map(|name| Finding::error("built_in_role", "/name", message(name))).into_iter().collect()
    }
}

/// The roles of a buying group; their order is their priority.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolesTemplate {
    /// First card first: it wins when a person matches several.
    #[schemars(length(max = 20))]
    pub roles: Vec<RoleCard>,
}

/// One role in a template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleCard {
    /// Name of the role.
    #[schemars(extend("x-reference" = "role"))]
    pub role: String,
    /// What its members weigh in the group's engagement.
    #[serde(default)]
    pub weighting: Weighting,
    /// Whether it counts for completeness.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// How many members make the role complete.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(range(min = 1, max = 999))]
    pub members_required: u32,
    /// Who gets the role by itself; left out: filled by hand or by a journey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reader" = "condition"))]
    pub when: Option<Value>,
}

/// What a role weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    /// 20
    Trivial,
    /// 40
    Minor,
    /// 60
    #[default]
    Normal,
    /// 80
    Important,
    /// 100
    Vital,
}

impl Weighting {
    /// The number it stands for.
    pub fn points(self) -> u32 {
        match self {
            Self::Trivial => 20,
            Self::Minor => 40,
            Self::Normal => 60,
            Self::Important => 80,
            Self::Vital => 100,
        }
    }
}

fn one() -> u32 {
    1
}

fn is_one(n: &u32) -> bool {
    *n == 1
}

impl Definition for RolesTemplate {
    fn check(&self, envelope: &Envelope) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.roles.is_empty() {
            findings.push(Finding::error("no_roles", "/roles", "The template has no roles. Add at least one."));
        }
        let mut seen = HashSet::new();
        for (n, card) in self.roles.iter().enumerate() {
            if !seen.insert(card.role.to_lowercase()) {
                let message = format!("The role `{}` stands here twice. Keep one card for it.", card.role);
                findings.push(Finding::error("duplicate_role", format!("/roles/{n}/role"), message));
            }
        }
        envelope.judged(findings, &["no_roles"])
    }

    fn references(&self) -> Vec<Reference> {
        let cards = self.roles.iter().enumerate();
        cards.map(|(n, card)| Reference::new(DocumentKind::Role, &card.role, format!("/roles/{n}/role"))).collect()
    }

    fn conditions(&self) -> Vec<PlacedCondition<'_>> {
        let cards = self.roles.iter().enumerate();
        cards
            .filter_map(|(n, card)| {
                Some(PlacedCondition::new(format!("/roles/{n}/when"), Subject::Person, card.when.as_ref()?))
            })
            .collect()
    }
}

/// What accounts may be interested in: one buying group per account and interest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SolutionInterest {
    /// The roles its groups have, by a live template; cannot be changed later.
    #[schemars(extend("x-reference" = "roles_template"))]
    pub roles_template: String,
    /// The stages its groups stand in; the model has to be live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reference" = "stage_model"))]
    pub stage_model: Option<String>,
    /// Whether the members of existing groups are looked up again as data changes.
    #[serde(default)]
    pub update_existing: bool,
    /// Accounts that get a buying group, those that come later too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_for: Option<AccountSource>,
}

/// A set of accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountSource {
    /// The members of an account list.
    AccountList(#[schemars(extend("x-reference" = "account_list"))] String),
    /// Whoever meets a saved filter of accounts.
    Audience(#[schemars(extend("x-reference" = "audience"))] String),
}

impl Definition for SolutionInterest {
    fn references(&self) -> Vec<Reference> {
        let mut found = vec![Reference::new(DocumentKind::RolesTemplate, &self.roles_template, "/roles_template")];
        found.extend(self.stage_model.iter().map(|key| Reference::new(DocumentKind::StageModel, key, "/stage_model")));
        found.extend(self.create_for.iter().map(|source| match source {
            AccountSource::AccountList(key) => {
                Reference::new(DocumentKind::AccountList, key, "/create_for/account_list")
            }
            AccountSource::Audience(key) => Reference::new(DocumentKind::Audience, key, "/create_for/audience"),
        }));
        found
    }
}

/// A named kind of people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Persona {
    /// All of these must match.
    #[schemars(length(min = 1, max = 5))]
    pub attributes: Vec<PersonaAttribute>,
}

/// One attribute of a persona.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonaAttribute {
    /// Which attribute of people.
    #[schemars(extend("x-attribute" = "person"))]
    pub attribute: String,
    /// Any of these, whatever their case.
    #[schemars(length(min = 1))]
    pub values: Vec<String>,
}

impl Definition for Persona {}

/// What activities weigh in engagement scores. Exactly one model is in force; a live one cannot be changed, and gives way
/// when another goes live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeightingModel {
    /// Names for numbers; both unique.
    #[schemars(length(max = 50))]
    pub bands: Vec<Band>,
    /// Type of activity → name of its band, or a number. What is not named counts nothing.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub activities: IndexMap<String, ActivityWeight>,
}

/// A name for a weight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// What marketers choose.
    pub name: String,
    /// What it is worth.
    #[schemars(range(min = 1, max = 100))]
    pub value: u32,
}

/// What a type of activity weighs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ActivityWeight {
    /// A number; 0 counts nothing.
    Points(#[schemars(range(max = 100))] u32),
    /// The name of a band.
    Band(String),
}

impl WeightingModel {
    /// The key of the model that holds until another is live.
    pub const FIRST: &'static str = "activity-weighting-model-1";

    /// The model that holds until another is live.
    pub fn first() -> Self {
        let bands = [("Trivial", 20), ("Minor", 40), ("Normal", 60), ("Important", 80), ("Vital", 100)];
        let activities = [
            ("event_attended", 60),
            ("event_registered", 60),
            ("interesting_moment", 60),
            ("form_filled", 40),
            ("link_clicked", 40),
            ("page_viewed", 40),
            ("email_clicked", 30),
            ("email_opened", 30),
        ];
        Self {
            bands: bands.into_iter().map(|(name, value)| Band { name: name.to_owned(), value }).collect(),
            activities: activities
                .into_iter()
                .map(|(kind, points)| (kind.to_owned(), ActivityWeight::Points(points)))
                .collect(),
        }
    }

    /// Type of activity → what it weighs.
    pub fn points(&self) -> BTreeMap<String, u32> {
        let worth = |weight: &ActivityWeight| match weight {
            ActivityWeight::Points(points) => *points,
            ActivityWeight::Band(name) => {
                self.bands.iter().find(|band| band.name == *name).map_or(0, |band| band.value)
            }
        };
        self.activities.iter().map(|(kind, weight)| (kind.clone(), worth(weight))).collect()
    }
}

impl Definition for WeightingModel {
    fn check(&self, _: &Envelope) -> Vec<Finding> {
        let mut findings = Vec::new();
        let (mut names, mut values) = (HashSet::new(), HashSet::new());
        for (n, band) in self.bands.iter().enumerate() {
            if !names.insert(band.name.to_lowercase()) || !values.insert(band.value) {
                let message = format!("Another band has the name or the value of `{}`. Make both its own.", band.name);
                findings.push(Finding::error("duplicate_band", format!("/bands/{n}"), message));
            }
        }
        for (activity, weight) in &self.activities {
            let ActivityWeight::Band(name) = weight else { continue };
            if !self.bands.iter().any(|band| band.name == *name) {
                let hint = crate::suggest::did_you_mean(name, self.bands.iter().map(|band| band.name.as_str()));
                let message = format!("There is no band `{name}` in this model. Name one of its bands.{hint}");
                findings.push(Finding::error("unknown_band", pointer_of(activity), message));
            }
        }
        findings
    }

    fn references(&self) -> Vec<Reference> {
        let named = self.activities.keys();
        named.map(|kind| Reference::new(DocumentKind::ActivityType, kind, pointer_of(kind))).collect()
    }
}

fn pointer_of(activity: &str) -> String {
    format!("/activities/{}", crate::source::escaped(activity))
}
