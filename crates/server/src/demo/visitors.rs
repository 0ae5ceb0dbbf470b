//! Visitors: they read the caught mail, follow its links and fill forms in, through the same functions that answer real
//! recipients. Their choices follow from a seed.

use std::sync::Arc;
use std::time::Duration;

use caravan_connect::catcher::{Catcher, CaughtMail};
use caravan_connect::tracking::SigningKeys;
use caravan_engine::groups::engagement;
use caravan_engine::machines::Visitor;
use caravan_engine::{Engine, tracking};
use caravan_model::sample::SplitMix64;
use serde_json::json;

use super::crowd::{self, Crowd};

/// Everything that visitors choose follows from this.
const SEED: u64 = 11;
/// Mail that is still fresh enough to be read.
const FRESH: usize = 400;
/// Least and most time between two visits.
const PAUSE_MILLIS: (u64, u64) = (150, 900);
/// One in so many visits is a new account that joins.
const JOINS_ONE_IN: u64 = 16;
/// In a hundred: readers who follow a link, and those of them who fill the form in where there is one.
const CLICKS: u64 = 55;
const FORMS: u64 = 45;
/// So many visits are worth a first look at the scores.
const FIRST_SCORED_AFTER: u64 = 32;
/// Where the form is.
const FORM_PAGES: &str = "/tide/";

/// Everybody who visits.
pub struct Visitors {
    engine: Engine,
    signing: SigningKeys,
    catcher: Arc<Catcher>,
    crowd: Crowd,
    random: SplitMix64,
}

impl Visitors {
    /// Visitors of an engine; they read what the catcher caught.
    pub fn new(engine: Engine, signing: SigningKeys, catcher: Arc<Catcher>, crowd: Crowd) -> Self {
        Self { engine, signing, catcher, crowd, random: SplitMix64::new(SEED) }
    }

    /// Visits until the engine stops.
    pub fn run(mut self) {
        let mut visits: u64 = 0;
        while !self.engine.stopping() {
            let visited =
                if self.random.below(JOINS_ONE_IN) == 0 { self.crowd.join(&self.engine, 1) } else { self.read_mail() };
            visits += 1;
            if let Err(error) = visited.and_then(|()| self.score(visits)) {
                tracing::warn!(%error, "a visitor of the demo gave up");
            }
            self.engine.poke();
            let (least, most) = PAUSE_MILLIS;
            std::thread::sleep(Duration::from_millis(self.random.between(least, most)));
        }
    }

    /// Scores everybody long before the night, soon after the start and then ever more seldom.
    fn score(&self, visits: u64) -> anyhow::Result<()> {
        if visits >= FIRST_SCORED_AFTER && visits.is_power_of_two() {
            engagement::run(&self.engine)?;
        }
        Ok(())
    }

    /// Somebody opens a message, perhaps follows a link in it, perhaps fills in the form behind that.
    fn read_mail(&mut self) -> anyhow::Result<()> {
        let fresh = self.catcher.list(FRESH, None, None).items;
        let chosen = self.random.below(fresh.len() as u64);
        let chosen =
            usize::try_from(chosen).ok().and_then(|n| fresh.get(n)).and_then(|mail| self.catcher.get(&mail.id));
        let Some(CaughtMail { summary, html: Some(html), .. }) = chosen else { return Ok(()) };
        if let Some(token) = tokens(&html, "/t/o/").next() {
            tracking::opened(&self.engine, &self.signing, token, &Visitor::default())?;
        }
        let links: Vec<&str> = tokens(&html, "/t/c/").collect();
        if links.is_empty() || !self.random.percent(CLICKS) {
            return Ok(());
        }
        let link = self.random.pick(&links);
        let url = tracking::clicked(&self.engine, &self.signing, link, &Visitor::default())?;
        let person = summary.to.first().and_then(|email| self.crowd.person(email)).map(str::to_owned);
        let Some(person) = person else { return Ok(()) };
        let at = self.engine.clock().now();
        let form_page = url.contains(FORM_PAGES);
        crowd::tell(&self.engine, &json!({"type": "page_viewed", "at": at, "person_key": person, "url": url}))?;
        if form_page && self.random.percent(FORMS) {
            let filled = json!({"type": "form_filled", "at": at, "person_key": person, "form": "tide-demo"});
            crowd::tell(&self.engine, &filled)?;
        }
        Ok(())
    }
}

/// The tokens behind a route in the addresses of a message.
fn tokens<'a>(html: &'a str, route: &str) -> impl Iterator<Item = &'a str> {
    let token = |rest: &'a str| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').next();
    html.split(route).skip(1).filter_map(token).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_end_where_the_address_ends() {
        let html = r#"<a href="http://x/t/c/aB-_9">x</a><img src='http://x/t/o/zz'><a href="http://x/t/c/">"#;
        assert_eq!(tokens(html, "/t/c/").collect::<Vec<_>>(), ["aB-_9"]);
        assert_eq!(tokens(html, "/t/o/").collect::<Vec<_>>(), ["zz"]);
    }
}
