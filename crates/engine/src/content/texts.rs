//! What stands against a text message, by itself and where a journey sends it.

use caravan_catalog::Actions;
use caravan_connect::email::{check_text, without_tags};
use caravan_connect::texts::segments;
use caravan_model::Finding;
use caravan_model::document::{DocumentKind, MailBody, MessageType, SmsMessage};
use caravan_model::journey::{ActionCatalogue as _, Journey, PlacedAction};
use indexmap::IndexMap;
use serde_json::Value as Json;

use super::{Library, OF_EMAILS_ALONE, carrying};
use crate::deliver::needs_way_out;

/// Longest text message, in units of its alphabet.
const MOST_UNITS: usize = 1_600;
/// By which a recipient opts out.
const WAY_OUT: &str = "system.unsubscribe_url";

/// What stands against a text message.
pub(crate) fn of_text(message: &SmsMessage, library: &Library<'_>) -> Vec<Finding> {
    let as_email = carrying(MailBody::Html(message.body.clone()), None, &IndexMap::new());
    let attributes = library.attributes(&as_email).without(OF_EMAILS_ALONE);
    let mut findings = check_text("/body", &message.body, &attributes);
    let sender = library.senders.get(&message.connection);
    findings.extend(sender.and_then(|sender| nobody_can_answer(message, sender)));
    findings.extend(quiet_hours_missing(message, library));
    let fixed = without_tags(&message.body);
    if message.body.trim().is_empty() {
        findings.push(Finding::error("sms_empty", "/body", "The text is empty; write one."));
    }
    if segments(&fixed).units > MOST_UNITS {
        let message = format!("The text has more than {MOST_UNITS} units, whatever stands for its values. Shorten it.");
        findings.push(Finding::error("sms_too_long", "/body", message));
    }
    if let Some(outside) = segments(&fixed).outside {
        let message = format!(
            "`{outside}` (U+{:04X}) is not in the networks' own alphabet, so the whole text is sent with 70 characters a part instead of 160. Take another character if it is not meant.",
            u32::from(outside)
        );
        findings.push(Finding::warning("sms_alphabet", "/body", message));
    }
    findings
}

/// Nobody can write STOP to a sender of letters, and marketing must name some way out.
fn nobody_can_answer(message: &SmsMessage, sender: &str) -> Option<Finding> {
    let names_it = message.body.contains(WAY_OUT);
    let text = format!(
        "Nobody can answer STOP to `{sender}`, because it is no number: a link to opt out by goes under the text, on a line of its own. \
         Put {{{{ {WAY_OUT} }}}} into the text to place it yourself, or send from a number."
    );
    (needs_way_out(message, sender) && !names_it).then(|| Finding::warning("opt_out_link_missing", "/body", text))
}

/// Marketing by text at night is a nuisance, and unlawful in places.
fn quiet_hours_missing(message: &SmsMessage, library: &Library<'_>) -> Option<Finding> {
    let named = message.rule_set.as_ref();
    let in_force = library.quiet.iter().any(|(key, global)| *global || Some(key) == named);
    let marketing = message.message_type == MessageType::Marketing;
    let text = "This text is marketing and may leave at any hour: no rule set with quiet hours holds for it. In the US, 8:00 to 21:00 \
         of the recipient's time is the practice. Name a `rule_set` with `quiet_hours`, or put some into a global one.";
    (marketing && !in_force).then(|| Finding::warning("quiet_hours_missing", "/rule_set", text))
}

/// The text that an action sends, and from whom where the action says so.
fn sent_by<'l>(
    placed: &PlacedAction<'_>,
    library: &'l Library<'_>,
) -> Option<(String, &'l SmsMessage, Option<String>)> {
    let named = Actions.references(placed.action, placed.settings, &placed.pointer());
    let text = named.into_iter().find(|reference| reference.kind == DocumentKind::SmsMessage)?;
    let sender = placed.settings.get("sender").and_then(Json::as_str).map(str::to_owned);
    Some((text.pointer, library.texts.get(&text.key)?, sender))
}

/// What is worth a look about the text that an action sends, said at its node.
pub(crate) fn at_node(placed: &PlacedAction<'_>, library: &Library<'_>) -> Vec<Finding> {
    let Some((pointer, message, sender)) = sent_by(placed, library) else { return Vec::new() };
    let sender = sender.or_else(|| library.senders.get(&message.connection).cloned());
    let unanswerable = sender.and_then(|sender| nobody_can_answer(message, &sender));
    let found = unanswerable.into_iter().chain(quiet_hours_missing(message, library));
    found.map(|finding| Finding { pointer: pointer.clone(), ..finding }.at_node(placed.node.as_str())).collect()
}

/// What is worth a look about the senders that the nodes of a journey name; the rest is said of the messages.
pub(super) fn of_senders(journey: &Journey, library: &Library<'_>) -> Vec<Finding> {
    let at = |placed: PlacedAction<'_>| {
        let (pointer, message, sender) = sent_by(&placed, library)?;
        let finding = nobody_can_answer(message, &sender?)?;
        Some(Finding { pointer, ..finding }.at_node(placed.node.as_str()))
    };
    journey.actions().into_iter().filter_map(at).collect()
}
