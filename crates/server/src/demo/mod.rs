//! The demo: an invented organisation with accounts, journeys and visitors, and a mail catcher in place of the world.

mod crowd;
mod visitors;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use caravan_connect::catcher::{Catcher, CatcherLimits};
use caravan_engine::definitions::{self, ApplyOptions, DefinitionError};
use caravan_engine::{Engine, lifecycle};
use caravan_model::Finding;
use jiff::{SignedDuration, Timestamp};

use crate::wiring::Running;
pub use crowd::Crowd;
use visitors::Visitors;

/// Who the history says made the demo.
const ACTOR: &str = "demo";

/// Roles, stages, interests, lists and audiences that fit any sample and need nothing else.
pub const GROUPS_AND_LISTS: [(&str, &str); 3] = [
    ("personas.yaml", include_str!("../../demo/personas.yaml")),
    ("groups.yaml", include_str!("../../demo/groups.yaml")),
    ("lists.yaml", include_str!("../../demo/lists.yaml")),
];

/// Everything that is designed, file by file.
const MANIFESTS: &[(&str, &str)] = &[
    ("organisation.yaml", include_str!("../../demo/organisation.yaml")),
    GROUPS_AND_LISTS[0],
    GROUPS_AND_LISTS[1],
    GROUPS_AND_LISTS[2],
    ("emails.yaml", include_str!("../../demo/emails.yaml")),
    ("journeys.yaml", include_str!("../../demo/journeys.yaml")),
];

/// The journeys that are published.
const JOURNEYS: &[&str] = &["enterprise-nurture", "growing-companies", "small-companies-digest"];

/// How long the demo's journeys last.
const LASTS: SignedDuration = SignedDuration::from_hours(365 * 24);

/// A demo whose data are in the store.
pub struct Demo {
    /// Catches what is sent.
    pub catcher: Arc<Catcher>,
    /// Who is there, and who comes later.
    pub crowd: Crowd,
}

impl Demo {
    /// Fills a fresh store and publishes the journeys; nothing moves yet.
    pub fn furnish(running: &Running) -> anyhow::Result<Self> {
        let engine = &running.engine;
        let localhost = ([127, 0, 0, 1], 0).into();
        let catcher = Catcher::start(localhost, CatcherLimits::default(), &running.surroundings())
            .context("the mail catcher cannot listen")?;
        let mut crowd = Crowd::default();
        crowd.gather(engine)?;
        apply(engine, catcher.addr().port())?;
        let keys: Vec<String> = JOURNEYS.iter().map(|key| (*key).to_owned()).collect();
        lifecycle::publish(engine, &keys, ACTOR).map_err(plainly)?;
        Ok(Self { catcher: Arc::new(catcher), crowd })
    }

    /// Waits until the first mail was caught, so that whoever looks sees something; at most `patience`.
    pub fn wait_for_mail(&self, patience: Duration) {
        let started = Instant::now();
        while self.catcher.list(1, None, None).items.is_empty() && started.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends visitors, who open mail, follow links and fill forms in, and lets new accounts join, until the engine stops.
    pub fn visit(self, running: &Running) -> std::io::Result<JoinHandle<()>> {
        let visitors = Visitors::new(running.engine.clone(), running.signing.clone(), self.catcher, self.crowd);
        std::thread::Builder::new().name("visitors".to_owned()).spawn(move || visitors.run())
    }
}

fn apply(engine: &Engine, mail_port: u16) -> anyhow::Result<()> {
    let texts = manifests(mail_port, engine.clock().now());
    definitions::apply(engine, &texts, ACTOR, ApplyOptions::default()).map_err(plainly)?;
    Ok(())
}

/// The manifests with what is only known now.
fn manifests(mail_port: u16, now: Timestamp) -> Vec<(String, String)> {
    let end = now.checked_add(LASTS).unwrap_or(Timestamp::MAX);
    let (port, end) = (mail_port.to_string(), format!("{end:.0}"));
    let filled = |text: &str| text.replace("MAIL_PORT", &port).replace("JOURNEY_END", &end);
    MANIFESTS.iter().map(|(name, text)| ((*name).to_owned(), filled(text))).collect()
}

fn plainly(error: DefinitionError) -> anyhow::Error {
    match error {
        DefinitionError::Findings(findings) => {
            let errors = findings.iter().filter(|f| f.is_error()).map(Finding::to_string);
            anyhow::anyhow!("the demo's manifests are wrong: {}", errors.collect::<Vec<_>>().join("; "))
        }
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifests_are_valid_and_only_warn_of_mail_that_follows_soon() {
        let now: Timestamp = "2026-12-01T09:00:00Z".parse().unwrap();
        let findings = definitions::validate(&manifests(2525, now), now, None);
        let others: Vec<_> = findings.iter().filter(|f| f.code != "emails_within_a_day").collect();
        assert!(others.is_empty(), "{others:#?}");
    }
}
