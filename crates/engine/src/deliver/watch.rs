//! Services that journeys call are asked once a minute whether they are well. It is shown, and decides nothing.

use caravan_model::document::DocumentKind;
use caravan_store::{StoreError, health};
use jiff::SignedDuration;

use super::Dispatcher;
use super::doors::Way;
use crate::uses::Uses;

/// Somebody heard of it this lately: another process asked, or a call was taken.
const LATELY: SignedDuration = SignedDuration::from_secs(55);
/// Code of a service that says itself that it is not well, or does not say.
const UNWELL: &str = "service_unwell";

impl Dispatcher {
    /// Asks every registered service that a running journey calls.
    pub(super) fn watch_services(&self) -> Result<(), StoreError> {
        let (live, uses, known, now) = self
            .engine
            .store()
            .read(|s| Ok::<_, StoreError>((self.engine.live(s)?, Uses::load(s)?, health::all(s)?, s.now()?)))?;
        let runs = |key: &str| {
            live.journeys
                .values()
                .any(|journey| journey.key == key && matches!(journey.state.as_str(), "live" | "closed"))
        };
        for service in live.definitions.of_kind(DocumentKind::ExternalAction) {
            let called = uses.of(service.kind, &service.key).iter().any(|user| runs(&user.key));
            let health = known.iter().find(|health| health.document == service.id);
            let heard = health.and_then(|health| health.succeeded_at.max(health.failed_at));
            let lately = heard.is_some_and(|at| now.duration_since(at) < LATELY);
            if !called || lately || live.definitions.registered(&service.key).is_none() {
                continue;
            }
            let Ok(Some(door)) = self.doors.door(&live, &Way::of(service)) else { continue };
            let said = door.check();
            self.engine.store().write(|s| {
                let now = s.now()?;
                match &said {
                    Ok(_) => health::worked(s, service.id, now),
                    Err(why) => health::failed(s, service.id, now, UNWELL, why),
                }
            })?;
        }
        Ok(())
    }
}
