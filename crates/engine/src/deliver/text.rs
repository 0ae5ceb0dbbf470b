//! A text message as it leaves: rendered, its links shortened, with the address to which the provider reports.

use std::cell::RefCell;

use caravan_catalog::effects::SmsEffect;
use caravan_connect::TextMessage;
use caravan_connect::texts::render;
use caravan_model::EffectId;
use caravan_model::document::SmsMessage;
use caravan_store::StoreError;
use caravan_store::reports::{self, ShortLinkRow};
use serde_json::Value as Json;

use super::Dispatcher;
use super::results::Verdict;

impl Dispatcher {
    /// The message to `to`. What is only recorded keeps no links.
    pub(super) fn text(
        &self,
        id: EffectId,
        effect: &SmsEffect,
        message: &SmsMessage,
        to: &str,
        leaves: bool,
    ) -> Result<TextMessage, Verdict> {
        let links = RefCell::default();
        let values = Json::Object(effect.values.clone());
        let rendered = render(&message.body, message.shorten_links, &values, &mut self.shortener(id, &links))
            .map_err(|problem| Verdict::failed(problem.code, problem.message))?;
        if leaves {
            self.keep_links(&links.into_inner()).map_err(|error| Verdict::Again {
                after: None,
                code: "links_not_kept".to_owned(),
                message: error.to_string(),
                body: String::new(),
            })?;
        }
        let report_to = format!("{}/hooks/texts/{}?m={}", self.public_url(), effect.connection, id.0);
        // A provider can only report to an address that it can reach.
        let report_to = Some(report_to).filter(|_| leaves);
        Ok(TextMessage { to: to.to_owned(), sender: effect.sender.clone(), text: rendered, report_to })
    }

    /// Gives the short address for each link of a message, and notes it in `links`.
    pub(super) fn shortener<'a>(
        &'a self,
        id: EffectId,
        links: &'a RefCell<Vec<ShortLinkRow>>,
    ) -> impl FnMut(u16, &str) -> Option<String> + 'a {
        move |number, target| {
            let code = self.delivery.signing.short_code(id, number);
            let link = i64::from(number);
            links.borrow_mut().push(ShortLinkRow { code: code.clone(), effect: id, link, target: target.to_owned() });
            Some(format!("{}/s/{code}", self.public_url()))
        }
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
