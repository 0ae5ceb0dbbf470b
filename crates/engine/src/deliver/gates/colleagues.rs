//! The gates of what goes to colleagues: sales alerts, and notices to users. Their consent is not asked; an address that takes no
//! mail, or that nobody may write to, is left out.

use caravan_catalog::effects::{self, NoticeEffect, SalesAlertEffect};
use caravan_store::outbox::OutboxRow;
use jiff::Timestamp;

use super::{BOUNCED, COMPLAINT, Facts, NOT_ALLOWED, SUSPENDED, UNSUBSCRIBED, folded, unreadable};
use crate::deliver::about::About;
use crate::deliver::alerted;
use crate::deliver::parcel::Content;
use crate::deliver::results::Verdict;
use crate::live::Live;

/// The addresses of all colleagues whom effects name.
pub(super) fn addresses(rows: &[OutboxRow]) -> Vec<String> {
    let named = |row: &OutboxRow| match row.kind.as_str() {
        effects::SALES_ALERT => serde_json::from_str::<SalesAlertEffect>(&row.body).ok().map(|alert| alert.to),
        effects::NOTICE => serde_json::from_str::<NoticeEffect>(&row.body).ok().map(|notice| vec![notice.to]),
        _ => None,
    };
    rows.iter().filter_map(named).flatten().collect()
}

impl Facts {
    /// Alerts go to colleagues: consent is not asked, but an address that takes no mail is left out, and so is whoever has got
    /// this one. Why somebody is left out is kept.
    pub(super) fn alert(
        &self,
        live: &Live,
        row: &OutboxRow,
        about: &mut About,
        now: Timestamp,
    ) -> Result<Content, Verdict> {
        let mut effect: SalesAlertEffect = serde_json::from_str(&row.body).map_err(unreadable)?;
        let has_got_it = |folded: &String| self.served.get(&row.id).is_some_and(|served| served.contains(folded));
        let all = effect.to.len();
        effect.to.retain(|to| folded(to).ok().is_none_or(|folded| !has_got_it(&folded)));
        if effect.to.is_empty() && all > 0 {
            return Err(Verdict::Done { remote_id: None });
        }
        let barred = |to: &String| match folded(to) {
            Err(problem) => Some(problem.code()),
            Ok(folded) => self.bars_colleagues(&folded).or((!live.rules.allows(&folded)).then_some(NOT_ALLOWED)),
        };
        let reasons: Vec<(String, &str)> = effect.to.iter().filter_map(|to| Some((to.clone(), barred(to)?))).collect();
        effect.to.retain(|to| reasons.iter().all(|(left_out, _)| left_out != to));
        let left_out = reasons.iter().map(|(to, why)| alerted::recipient(row, to, "skipped", (Some(why), None), now));
        about.recipients = left_out.collect();
        match effect.to.is_empty() {
            true if reasons.iter().any(|(_, why)| *why == NOT_ALLOWED) => Err(Verdict::Skipped(NOT_ALLOWED)),
            true => Err(Verdict::Skipped("email_invalid")),
            false => Ok(Content::Alert(Box::new(effect))),
        }
    }

    /// Notices go to colleagues as well, whatever they want of marketing.
    pub(super) fn notice(&self, live: &Live, row: &OutboxRow, about: &mut About) -> Result<Content, Verdict> {
        let notice: NoticeEffect = serde_json::from_str(&row.body).map_err(unreadable)?;
        let folded = folded(&notice.to).map_err(|problem| Verdict::Skipped(problem.code()))?;
        about.address = Some(folded.clone());
        match self.bars_colleagues(&folded).or((!live.rules.allows(&folded)).then_some(NOT_ALLOWED)) {
            Some(reason) => Err(Verdict::Skipped(reason)),
            None => Ok(Content::Notice(Box::new(notice))),
        }
    }

    /// Why a colleague's address gets no alerts; that its owner wants no marketing is no reason.
    fn bars_colleagues(&self, folded: &str) -> Option<&'static str> {
        match self.suppressed.get(folded).map(String::as_str)? {
            UNSUBSCRIBED => None,
            BOUNCED => Some("bounced_before"),
            COMPLAINT => Some("complained"),
            SUSPENDED => Some(SUSPENDED),
            _ => Some("suppressed"),
        }
    }
}
