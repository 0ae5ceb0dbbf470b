//! What stands in the way of all journeys, and goes away by itself when what it tells of does.

use caravan_engine::Engine;
use caravan_engine::audiences::{self, Ending};
use caravan_engine::deliver::{self, DomainCheck, WayOutTrouble};
use caravan_engine::texts::{self, AccountTrouble};
use caravan_store::outbox::{self, LaneProblem};
use caravan_store::reports::{self, PolicyRefusals};
use caravan_store::watched::{self, MailboxTrouble};
use jiff::{SignedDuration, Timestamp};

use super::{Place, ProblemKind, ProblemRow, Remedy, TEXTS};
use crate::http::Problem;

/// How long it is told that mail was refused because of how it is sent.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(24);

/// All of it.
pub(super) fn shared(engine: &Engine) -> Result<Vec<ProblemRow>, Problem> {
    let (mut rows, lanes, mailboxes, refusals, accounts, ways_out) =
        engine.store().read(|s| -> Result<_, Problem> {
            let live = engine.live(s)?;
            let consents: Vec<ProblemRow> =
                audiences::endings(s, &live.definitions)?.into_iter().map(consent).collect();
            let now = s.now()?;
            let refusals = reports::refused_by_policy(s, now - TOLD_FOR)?;
            let accounts = texts::troubles(s, &live, now)?;
            Ok((
                consents,
                outbox::lane_problems(s)?,
                watched::mailbox_troubles(s)?,
                refusals,
                accounts,
                deliver::way_out_troubles(s)?,
            ))
        })?;
    let domains = deliver::domains_not_well(engine)?;
    rows.extend(lanes.into_iter().map(lane));
    rows.extend(mailboxes.into_iter().map(mailbox));
    rows.extend(domains.iter().map(domain));
    rows.extend(ways_out.into_iter().map(way_out));
    rows.extend(refusals.map(policy));
    rows.extend(accounts.into_iter().map(text_account));
    Ok(rows)
}

fn consent(ending: Ending) -> ProblemRow {
    let code = if ending.over { "consent_ended" } else { "consent_ends_soon" };
    standing(ProblemKind::Consent, format!("consent:{}", ending.connection), code, ending.message, ending.since)
}

/// A problem of no journey, which goes away by itself when what it tells of does.
fn standing(kind: ProblemKind, id: String, code: &str, message: String, since: Timestamp) -> ProblemRow {
    ProblemRow {
        id,
        journey: None,
        node: None,
        node_title: None,
        traveller: None,
        kind,
        remedies: Vec::new(),
        code: code.to_owned(),
        message,
        since,
        attempts: None,
        next_try: None,
        place: Place::Lanes(0),
    }
}

fn domain(check: &DomainCheck) -> ProblemRow {
    let message = format!(
        "Of the sending domain `{0}` not all stands in the DNS that must: {1}. `caravan domain check {0}` says what; it is looked up again every day.",
        check.key,
        check.wrong().join(", ")
    );
    let id = format!("sending_domain:{}", check.key);
    standing(ProblemKind::SendingDomain, id, "sending_domain_not_well", message, check.checked_at)
}

fn way_out(trouble: WayOutTrouble) -> ProblemRow {
    let WayOutTrouble { address, code, message, since, .. } = trouble;
    let message =
        format!("Whoever presses Unsubscribe in a mail program is not heard. {message} It is tried again every hour.");
    standing(ProblemKind::WayOut, format!("way_out:{address}"), &code, message, since)
}

fn policy(refusals: PolicyRefusals) -> ProblemRow {
    let PolicyRefusals { count, since, said } = refusals;
    let hint =
        said.as_deref().and_then(deliver::policy_hint).unwrap_or("Look at your sending domain and at what you send.");
    let said = said.map_or_else(String::new, |said| format!(" The last one said: {}.", said.trim_end_matches('.')));
    let message = format!(
        "{count} messages of the last day came back because of how they are sent, not because of whom they are for.{said} {hint}"
    );
    standing(ProblemKind::Policy, "policy".to_owned(), "refused_by_policy", message, since)
}

/// What a provider reports about the account; what rests goes on when somebody says so.
fn text_account(trouble: AccountTrouble) -> ProblemRow {
    let AccountTrouble { connection, code, message, since, rests_until } = trouble;
    let id = format!("{TEXTS}{connection}:{code}");
    ProblemRow {
        remedies: rests_until.map(|_| Remedy::Retry).into_iter().collect(),
        next_try: rests_until,
        ..standing(ProblemKind::TextAccount, id, &code, message, since)
    }
}

fn lane(lane: LaneProblem) -> ProblemRow {
    ProblemRow {
        id: format!("lane:{}:{}", lane.lane, lane.code),
        journey: None,
        node: None,
        node_title: None,
        traveller: None,
        kind: ProblemKind::Lane,
        remedies: Vec::new(),
        code: lane.code,
        message: format!("{} ({} wait in {})", lane.message, lane.pending, lane.lane),
        since: lane.since,
        attempts: None,
        next_try: Some(lane.next_try),
        place: Place::Lanes(0),
    }
}

fn mailbox(trouble: MailboxTrouble) -> ProblemRow {
    let MailboxTrouble { connection, message, since, last_at: _ } = trouble;
    let message = format!(
        "Bounces of the connection `{connection}` are not fetched: {}. It is tried again every minute.",
        message.trim_end_matches('.')
    );
    standing(ProblemKind::Mailbox, format!("mailbox:{connection}"), "mailbox_unreadable", message, since)
}
