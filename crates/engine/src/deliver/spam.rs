//! What a spam filter would make of an email, as somebody would get it. Nothing is sent or counted.

use caravan_connect::Mailbox;
use caravan_connect::spam::{Judged, judge};
pub use caravan_connect::spam::{SpamReport, SpamRule};
use caravan_model::EffectId;
use caravan_store::StoreError;

use super::Dispatcher;
use super::doors::Way;
use super::results::Verdict;
use crate::content::Previewed;
use crate::live::Live;

/// Whom the message that a filter sees is for; it never gets there.
const READER: &str = "reader@example.com";

impl Dispatcher {
    /// Asks the filter of the connection through which the email would leave; rules of our own judge where it has none, or
    /// where that does not answer.
    ///
    /// # Errors
    /// The store's.
    pub fn spam_report(&self, made: &Previewed) -> Result<SpamReport, StoreError> {
        let live = self.engine.store().read(|s| self.engine.live(s))?;
        let ours = |problem| SpamReport { problem, ..by_our_rules(&live, made) };
        Ok(match self.asked(&live, made) {
            Ok(Some(report)) => report,
            Ok(None) => ours(None),
            Err(why) => ours(Some(why)),
        })
    }

    fn asked(&self, live: &Live, made: &Previewed) -> Result<Option<SpamReport>, String> {
        let Ok(Some(door)) = self.doors.door(live, &Way::connection(&made.connection)) else { return Ok(None) };
        let message = made.rendered.clone().into_message(Mailbox::bare(READER));
        let sealed = self.sealed(live, Some(door.as_ref()), EffectId(0), message);
        let message = sealed.map_err(|why| match why {
            Verdict::Again { message, .. } | Verdict::Failed { message, .. } => message,
            _ => "The message cannot be signed.".to_owned(),
        })?;
        door.spam_report(&message)
    }
}

fn by_our_rules(live: &Live, made: &Previewed) -> SpamReport {
    let settings = live.definitions.settings();
    let links: Vec<(String, String)> =
        made.shown.links.iter().map(|link| (link.label.clone(), link.target.clone())).collect();
    judge(&Judged {
        subject: &made.rendered.subject,
        html: &made.rendered.html,
        text: &made.rendered.text,
        links: &links,
        marketing: made.rendered.unsubscribe_url.is_some(),
        postal_address: settings.as_ref().and_then(|settings| settings.postal_address.as_deref()),
    })
}
