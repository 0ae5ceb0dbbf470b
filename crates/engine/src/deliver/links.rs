//! What the links of an email carry: the same whether it is sent, tried again, shown or looked at in a browser.

use caravan_catalog::Definitions;
use caravan_connect::email::Campaign;
use caravan_model::document::DocumentKind;
use serde_json::Value as Json;

use super::frozen::Mailing;

/// The campaign parameters that a connection gives the tracked links of an email.
pub(crate) fn link_parameters(
    definitions: &Definitions,
    connection: &str,
    campaign: &Campaign<'_>,
) -> Vec<(String, String)> {
    let connection = definitions.get(DocumentKind::Connection, connection);
    let templates = connection.and_then(|it| it.body.pointer("/settings/link_parameters")).and_then(Json::as_object);
    let written = templates.into_iter().flatten();
    campaign.fill(written.filter_map(|(name, template)| Some((name.as_str(), template.as_str()?))))
}

impl Mailing {
    /// The campaign to which an email belongs that a journey sends; one that a hand sent belongs to no journey.
    pub(crate) fn campaign<'a>(&'a self, email: &'a str, journey: &'a str, node: &'a str) -> Campaign<'a> {
        let of_journey = |name: &'a str| if journey.is_empty() { "" } else { name };
        Campaign {
            journey_key: journey,
            journey_name: of_journey(&self.journey_name),
            node_key: of_journey(node),
            email_key: email,
            email_name: &self.name,
        }
    }
}
