//! A member's consent, from the page to the tokens, against a fake that checks every step as LinkedIn does.

use std::time::Duration;

use caravan_connect::consent::{NoConsent, Returned, Terms, Tokens};
use caravan_connect::outbound::{Guard, Outbound};
use caravan_connect::{Secret, Secrets, Surroundings, connector};
use caravan_model::Clock;
use caravan_testkit::fakes::LinkedIn;
use caravan_testkit::fakes::linkedin::{Setup, answer_page};
use jiff::SignedDuration;
use serde_json::json;

const BACK: &str = "https://go.acme.example/consent";

struct World {
    linkedin: LinkedIn,
    clock: Clock,
    outbound: Outbound,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let clock = Clock::manual("2026-11-26T10:00:00Z".parse().expect("a time"));
        let mut setup = Setup { clock: clock.clone(), redirects: vec![BACK.to_owned()], ..Setup::default() };
        change(&mut setup);
        Self {
            linkedin: LinkedIn::start(setup),
            clock,
            outbound: Outbound::new(Guard::new(vec!["127.0.0.0/8".parse().expect("a range")])),
            runtime: tokio::runtime::Runtime::new().expect("a runtime"),
        }
    }

    fn terms(&self) -> Terms {
        let settings = json!({"client_id": "caravan", "base_url": self.linkedin.url()});
        connector::kind("linkedin").expect("a kind").consent(&settings).expect("by consent").expect("settings that fit")
    }

    /// Where a member who answers so is sent back to, by name and value.
    fn sent_back(&self, answer: &str) -> Vec<(String, String)> {
        let address = self.terms().address(BACK, "s 1").expect("a page");
        let back = answer_page(&address, answer).expect("sent back");
        let query = back.strip_prefix(&format!("{BACK}?")).expect("the registered address");
        reqwest::Url::parse(&format!("http://x/?{query}")).expect("an address").query_pairs().into_owned().collect()
    }

    fn code(&self) -> Returned {
        let sent = self.sent_back("allow");
        assert_eq!(sent[1], ("state".to_owned(), "s 1".to_owned()));
        assert_eq!(sent[0].0, "code");
        Returned::Code(Secret::new(sent[0].1.clone()))
    }

    fn exchange(&self, returned: &Returned, back: &str, secret: &str) -> Result<Tokens, NoConsent> {
        let (terms, secret) = (self.terms(), Secret::new(secret));
        let asked = terms.exchange(returned, back, &secret, &self.outbound, Duration::from_secs(5));
        self.runtime.block_on(asked)
    }

    fn refusal(&self, returned: &Returned, back: &str, secret: &str) -> NoConsent {
        self.exchange(returned, back, secret).err().expect("no tokens")
    }
}

#[test]
fn a_code_becomes_tokens_that_the_connection_works_with_and_is_good_once() {
    let world = World::with(|_| ());
    let code = world.code();
    let tokens = world.exchange(&code, BACK, "hush").expect("tokens");
    let token = tokens.refresh_token.expect("a refresh token");
    let surroundings = Surroundings {
        clock: world.clock.clone(),
        runtime: world.runtime.handle().clone(),
        outbound: world.outbound.clone(),
    };
    let settings = json!({"client_id": "caravan", "base_url": world.linkedin.url()});
    let secrets =
        Secrets::from([("client_secret".to_owned(), Secret::new("hush")), ("refresh_token".to_owned(), token)]);
    let door = connector::kind("linkedin").expect("a kind").open(&settings, &secrets, &surroundings).expect("a door");
    let said = door.check().expect("it works");
    assert!(said.contains("the consent holds until 26 November 2027"), "{said}");
    assert_eq!(world.refusal(&code, BACK, "hush").code, "consent_code_refused");
}

#[test]
fn what_stands_in_the_way_is_told_apart() {
    let world = World::with(|_| ());
    let elsewhere = world.refusal(&world.code(), "https://old.acme.example/consent", "hush");
    assert_eq!(elsewhere.code, "wrong_redirect_address");
    assert!(elsewhere.message.contains("https://old.acme.example/consent"), "{}", elsewhere.message);
    assert_eq!(world.refusal(&world.code(), BACK, "wrong").code, "application_refused");
    let late = world.code();
    world.clock.advance_to(world.clock.now() + SignedDuration::from_mins(31));
    assert_eq!(world.refusal(&late, BACK, "hush").code, "consent_code_refused");
    let sent = world.sent_back("cancel");
    let refused = Returned::Refused { error: sent[0].1.clone(), description: sent[1].1.clone() };
    let refused = world.refusal(&refused, BACK, "hush");
    assert_eq!(refused.code, "consent_refused");
    assert!(refused.message.contains("The user cancelled"), "{}", refused.message);
}

#[test]
fn an_application_that_may_not_ask_is_told_so_at_the_page_or_by_what_is_granted() {
    let outside = World::with(|setup| setup.permitted = false);
    let sent = outside.sent_back("allow");
    let refused = Returned::Refused { error: sent[0].1.clone(), description: sent[1].1.clone() };
    let refused = outside.refusal(&refused, BACK, "hush");
    assert_eq!(refused.code, "scope_missing");
    assert!(refused.message.contains("Audiences program"), "{}", refused.message);

    let less = World::with(|setup| setup.scope = "r_ads".to_owned());
    let missing = less.refusal(&less.code(), BACK, "hush");
    assert!(missing.code == "scope_missing" && missing.message.contains("rw_dmp_segments"), "{missing:?}");
}

#[test]
fn the_page_says_itself_that_it_was_asked_by_a_stranger_or_for_another_address() {
    let world = World::with(|_| ());
    let elsewhere = world.terms().address("https://evil.example/consent", "s").expect("a page");
    let page = answer_page(&elsewhere, "allow").expect_err("nobody is sent there");
    assert!(page.contains("redirect_uri does not match"), "{page}");
    let stranger = Terms { client_id: "somebody".to_owned(), ..world.terms() };
    let page = answer_page(&stranger.address(BACK, "s").expect("a page"), "allow").expect_err("nobody is sent back");
    assert!(page.contains("client_id is invalid"), "{page}");
}

#[test]
fn a_token_server_that_nobody_may_reach_is_not_called() {
    let world = World::with(|_| ());
    let code = world.code();
    let closed = Outbound::new(Guard::default());
    let (terms, secret) = (world.terms(), Secret::new("hush"));
    let asked = terms.exchange(&code, BACK, &secret, &closed, Duration::from_secs(5));
    let refused = world.runtime.block_on(asked).err().expect("no tokens");
    assert_eq!(refused.code, "consent_unanswered");
    assert!(refused.message.contains("--allow-network"), "{}", refused.message);
    assert!(world.exchange(&code, BACK, "hush").is_ok(), "nobody took the code there");
}
