//! What activities weigh: the weighting model in force.

use std::collections::BTreeMap;

use caravan_catalog::Definitions;
use caravan_model::document::{DocumentKind, WeightingModel};

/// The weighting model in force, and its weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityWeights {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// It came with the installation: nobody has made another one live yet.
    pub first: bool,
    /// Type of activity → weight, 0 to 100.
    pub points: BTreeMap<String, u32>,
}

impl ActivityWeights {
    /// The live model; until there is one, the first.
    pub fn in_force(definitions: &Definitions) -> Self {
        let live = definitions.of_kind(DocumentKind::WeightingModel).find(|d| d.state == "live");
        match live.and_then(|d| Some((d, d.read::<WeightingModel>()?))) {
            Some((d, model)) => Self { key: d.key.clone(), name: d.name.clone(), first: false, points: model.points() },
            None => Self {
                key: WeightingModel::FIRST.to_owned(),
                name: "Activity weighting model 1".to_owned(),
                first: true,
                points: WeightingModel::first().points(),
            },
        }
    }

    /// The types that count.
    pub fn counting(&self) -> impl Iterator<Item = &str> {
        self.points.iter().filter(|(_, points)| **points > 0).map(|(kind, _)| kind.as_str())
    }
}
