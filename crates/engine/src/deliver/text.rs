//! A text message as it leaves: rendered, its links shortened, with the way out where nobody can answer it, and with the
//! address to which the provider reports.

use caravan_catalog::effects::SmsEffect;
use caravan_connect::TextMessage;
use caravan_connect::connector::LostText;
use caravan_connect::texts::{TextLinks, TextProblem, can_be_answered, render};
use caravan_connect::tracking::{MAX_TARGET_BYTES, OPT_OUT_LINK, PREVIEW, Purpose, Token, parameters_for};
use caravan_model::document::{MessageType, SmsMessage};
use caravan_model::{EffectId, PersonId};
use caravan_store::reports::{self, ShortLinkRow};
use caravan_store::{StoreError, ledger};
use serde_json::Value as Json;

use super::Dispatcher;
use super::about::kept_of;
use super::frozen::Texting;
use super::links::link_parameters;
use super::parcel::Parcel;
use super::results::Verdict;
use crate::live::Live;

/// Whether a link by which one opts out goes under a text that names none: marketing that nobody can answer STOP to.
pub(crate) fn needs_way_out(message: &SmsMessage, sender: &str) -> bool {
    message.message_type == MessageType::Marketing && !can_be_answered(sender)
}

/// For whom a text is made.
pub(super) struct Texted<'a> {
    /// The message's number; of a proof, one that no message has.
    pub id: EffectId,
    /// The recipient; none: a proof.
    pub person: Option<PersonId>,
    /// Who sends it.
    pub sender: &'a str,
    /// Campaign parameters for its links.
    pub parameters: &'a [(String, String)],
}

impl Dispatcher {
    /// The message to `to`. What is only recorded keeps no links.
    pub(super) fn text(
        &self,
        live: &Live,
        parcel: &Parcel,
        (effect, texting): (&SmsEffect, &Texting),
        to: &str,
        leaves: bool,
    ) -> Result<TextMessage, Verdict> {
        let campaign = texting.campaign(&effect.sms_message, &effect.journey, &parcel.about.node);
        let parameters = link_parameters(&live.definitions, &effect.connection, &campaign);
        let id = parcel.row.id;
        let sender = parcel.about.sender.as_deref().unwrap_or_default();
        let texted = Texted { id, person: parcel.row.person, sender, parameters: &parameters };
        let values = Json::Object(effect.values.clone());
        let (text, links) = self
            .made(&texting.message, &values, &texted)
            .map_err(|problem| Verdict::failed(problem.code, problem.message))?;
        if leaves {
            self.keep_links(&links).map_err(|error| Verdict::Again {
                after: None,
                code: "links_not_kept".to_owned(),
                message: error.to_string(),
                body: String::new(),
            })?;
        }
        let report_to = format!("{}/hooks/texts/{}?m={}", self.public_url(), effect.connection, id.0);
        // A provider can only report to an address that it can reach.
        let report_to = Some(report_to).filter(|_| leaves);
        Ok(TextMessage { to: to.to_owned(), sender: effect.sender.clone(), text, report_to })
    }

    /// The text of which nobody knows whether its provider took it, made again; none where that is settled by now, or where
    /// what it was made from is gone.
    pub(super) fn lost_text(&self, id: EffectId) -> Result<Option<LostText>, StoreError> {
        let found = self.engine.store().read(|s| -> Result<_, StoreError> {
            let live = self.engine.live(s)?;
            let Some(row) = ledger::get(s, id, false)?.filter(|row| row.outcome == "in_doubt") else { return Ok(None) };
            let frozen = self.versions.get(s, &live, row.version)?;
            Ok(frozen.map(|frozen| (row, frozen)))
        })?;
        let Some((row, frozen)) = found else { return Ok(None) };
        let kept = kept_of(&row);
        let effect = kept.effect.and_then(|effect| serde_json::from_str::<SmsEffect>(&effect.body).ok());
        let (Some(effect), Some(to)) = (effect, row.address) else { return Ok(None) };
        let Ok(texting) = frozen.text(&effect.sms_message) else { return Ok(None) };
        let sender = kept.sender.unwrap_or_default();
        let texted = Texted { id, person: row.person, sender: &sender, parameters: &[] };
        let made = self.made(&texting.message, &Json::Object(effect.values), &texted);
        Ok(made.ok().map(|(text, _)| LostText { to, text, since: row.queued_at }))
    }

    /// The text, and the short links that stand in it.
    pub(super) fn made(
        &self,
        message: &SmsMessage,
        values: &Json,
        texted: &Texted<'_>,
    ) -> Result<(String, Vec<ShortLinkRow>), TextProblem> {
        let Texted { id, person, sender, parameters } = *texted;
        let mut links = Vec::new();
        let mut short = |link: u16, target: &str| {
            if !message.shorten_links || target.len() > MAX_TARGET_BYTES {
                return None;
            }
            let code = self.delivery.signing.short_code(id, link);
            let address = self.short_address(&code);
            links.push(ShortLinkRow {
                code,
                effect: id,
                link: link.into(),
                target: target.to_owned(),
                parameters: parameters_for(target, parameters),
                visitor: message.visitor_token && person.is_some(),
            });
            Some(address)
        };
        let out = self.way_out(id, person);
        let way_out = self.short_address(&out.code);
        let appends = needs_way_out(message, sender);
        let text = render(&message.body, values, &mut TextLinks { short: &mut short, way_out: &way_out, appends })?;
        if text.contains(&way_out) {
            links.push(out);
        }
        Ok((text, links))
    }

    /// The short link by which a recipient opts out; of a proof, nobody's. It leads on at the same address, whatever that is
    /// by then.
    fn way_out(&self, effect: EffectId, person: Option<PersonId>) -> ShortLinkRow {
        let signing = &self.delivery.signing;
        let token = match person {
            Some(person) => signing.sign(&Token { effect, person: Some(person), purpose: Purpose::StopTexts }),
            None => PREVIEW.to_owned(),
        };
        ShortLinkRow {
            code: signing.short_code(effect, OPT_OUT_LINK),
            effect,
            link: OPT_OUT_LINK.into(),
            target: format!("/t/u/{token}"),
            parameters: String::new(),
            visitor: false,
        }
    }

    fn short_address(&self, code: &str) -> String {
        format!("{}/s/{code}", self.public_url())
    }

    /// Keeps where short links lead.
    pub(super) fn keep_links(&self, links: &[ShortLinkRow]) -> Result<(), StoreError> {
        if links.is_empty() {
            return Ok(());
        }
        self.engine.store().write(|s| {
            let now = s.now()?;
            reports::put_links(s, links, now)
        })
    }

    fn public_url(&self) -> &str {
        self.delivery.public_url.trim_end_matches('/')
    }
}
