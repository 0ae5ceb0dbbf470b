//! Notices: what users of this installation are told by mail. They leave through the outbox like all mail, so that nobody waits
//! for a mail server, nothing is lost, and nothing leaves twice; they are of no journey, not tracked, and counted nowhere.

use caravan_catalog::effects::{NOTICE, NoticeEffect};
use caravan_catalog::mailing::{first_mail_connection, lane_of};
use caravan_connect::{EmailMessage, Mailbox};
use caravan_model::document::{DocumentKind, Notices};
use caravan_model::{EnrollmentId, Shard, VersionId};
use caravan_store::step::{self, EffectRow};
use caravan_store::{Session, StoreError};

use crate::Engine;

/// That somebody was mentioned in a comment.
#[derive(Debug, Clone, Copy)]
pub struct Mention<'a> {
    /// The comment's id.
    pub comment: i64,
    /// The address of whoever was mentioned.
    pub to: &'a str,
    /// Who wrote it.
    pub by: &'a str,
    /// What it is about.
    pub kind: DocumentKind,
    /// Its key.
    pub key: &'a str,
    /// Its name.
    pub name: &'a str,
    /// What was written.
    pub text: &'a str,
}

/// Queues the mail that tells of a mention, in the transaction that writes the comment. Nothing is queued where the settings say
/// so, or where no connection sends mail.
///
/// # Errors
/// The store's.
pub fn tell_of_mention(s: &mut dyn Session, engine: &Engine, mention: Mention<'_>) -> Result<(), StoreError> {
    let live = engine.live(s)?;
    let settings = live.definitions.settings();
    let Notices { mentions, connection } = settings.map(|settings| settings.notices).unwrap_or_default();
    let connection = connection.or_else(|| first_mail_connection(&live.definitions));
    let Some(connection) = connection.filter(|_| mentions) else { return Ok(()) };
    let lane = lane_of(&connection);
    let key = format!("mention.{}.{}", mention.comment, mention.to);
    let body = mention.notice(connection, engine.public_url().unwrap_or_default());
    let effect = EffectRow {
        lane: &lane,
        key: &key,
        kind: NOTICE,
        shard: Shard(0),
        enrollment: EnrollmentId::NONE,
        version: VersionId(0),
        node: 0,
        account: None,
        person: None,
        body: &serde_json::to_string(&body).unwrap_or_default(),
    };
    let now = s.now()?;
    step::insert_effects(s, &[effect], now)
}

impl Mention<'_> {
    fn notice(self, connection: String, public_url: &str) -> NoticeEffect {
        let Self { comment, to, by, kind, key, name, text } = self;
        let what = format!("the {} {}", kind.label().to_lowercase(), if name.is_empty() { key } else { name });
        let quoted: Vec<String> = text.lines().map(|line| format!("> {line}")).collect();
        let url = format!("{public_url}/definitions/{}/{key}?comment={comment}", kind.plural());
        NoticeEffect {
            connection,
            to: to.to_owned(),
            subject: format!("{by} mentioned you in a comment on {what}"),
            text: format!(
                "{by} mentioned you in a comment on {what}:\n\n{}\n\n{url}\n\nWhether you are told by mail you choose under the bell in the app.\n",
                quoted.join("\n")
            ),
        }
    }
}

/// A notice as it leaves: from the connection's own sender.
pub(crate) fn message(notice: &NoticeEffect) -> EmailMessage {
    EmailMessage {
        to: Mailbox::bare(notice.to.clone()),
        cc: Vec::new(),
        from: None,
        reply_to: None,
        subject: notice.subject.clone(),
        html: None,
        text: notice.text.clone(),
        unsubscribe: None,
        list_id: None,
        feedback_id: None,
        return_path: None,
        signer: None,
        auto_submitted: true,
        proof: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_quotes_the_comment_and_leads_to_it() {
        let mention = Mention {
            comment: 7,
            to: "ada@acme.example",
            by: "ben@acme.example",
            kind: DocumentKind::EmailTemplate,
            key: "letter",
            name: "",
            text: "Look, @ada@acme.example\n\nat this.",
        };
        let notice = mention.notice("mail".to_owned(), "https://go.acme.example");
        assert_eq!(notice.subject, "ben@acme.example mentioned you in a comment on the email template letter");
        assert!(
            notice.text.starts_with(
                "ben@acme.example mentioned you in a comment on the email template letter:\n\n> Look, @ada@acme.example\n> \n> at this.\n\n\
                 https://go.acme.example/definitions/email_templates/letter?comment=7\n"
            ),
            "{}",
            notice.text
        );
        let message = message(&notice);
        assert!(message.auto_submitted && message.unsubscribe.is_none() && message.from.is_none());
    }
}
