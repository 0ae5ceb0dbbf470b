//! The mail catcher, as the API wants to see it.

use std::sync::Arc;

use caravan_api::MailCatcher;
use caravan_api::mail::{CaughtMail, CaughtMessage};
use caravan_connect::catcher::{Catcher, CaughtSummary};

/// Shows what a catcher caught.
pub struct Caught(pub Arc<Catcher>);

impl MailCatcher for Caught {
    fn list(&self, limit: usize, before: Option<&str>, text: Option<&str>) -> Vec<CaughtMail> {
        let row = |CaughtSummary { id, received_at, from, to, subject, size }| CaughtMail {
            id,
            received_at,
            from,
            to,
            subject,
            size,
        };
        self.0.list(limit, before, text).items.into_iter().map(row).collect()
    }

    fn get(&self, id: &str) -> Option<CaughtMessage> {
        let caught = self.0.get(id)?;
        let CaughtSummary { id, received_at, from, to, subject, .. } = caught.summary;
        let (headers, html, text, source) = (caught.headers, caught.html, caught.text, caught.source);
        Some(CaughtMessage { id, received_at, from, to, subject, headers, html, text, source })
    }

    fn clear(&self) {
        self.0.clear();
    }
}
