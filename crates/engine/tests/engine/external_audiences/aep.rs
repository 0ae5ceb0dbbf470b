//! Audiences in Adobe Experience Platform: it reads files behind the call, one after another, takes nobody out, and lets go of
//! whom it is not told again.

use caravan_testkit::fakes::Aep;
use caravan_testkit::fakes::aep::{Member, Setup};
use jiff::SignedDuration;

use super::*;

struct Sandbox {
    it: Installation,
    platform: Aep,
}

impl Sandbox {
    fn new(world: World) -> Self {
        let it = Installation::new(world);
        let platform = Aep::start(Setup { clock: it.world.clock.clone(), ..Setup::default() }, it.store.shelf());
        fs::write(it.root.path().join("keys/client"), Setup::default().client_secret).expect("a secret");
        let keys = it.root.path().join("keys");
        it.world.apply(&format!(
            "{{kind: connection, key: platform, type: aep, settings: {{client_id: caravan, org_id: ACME@AdobeOrg, base_connection_id: \
               6b6e0000-bucket, base_url: '{url}', ims_url: '{url}', files: {{bucket: caravan, region: eu-central-1, prefix: \
               activation, endpoint: '{bucket}'}}}}, secrets: {{client_secret: {{file: '{keys}/client'}}, access_key_id: \
               {{file: '{keys}/id'}}, secret_access_key: {{file: '{keys}/secret'}}}}}}\n---\n\
             {{kind: destination, key: cdp, type: aep, connection: platform, settings: {{every: 5m, ttl_days: 10}}}}\n---\n\
             {{kind: external_audience, key: retarget, name: Retarget, destinations: [cdp]}}",
            url = platform.url(),
            bucket = it.store.url(),
            keys = keys.display(),
        ));
        Self { it, platform }
    }

    /// Keys of the people who are in the audience over there.
    fn people(&self) -> BTreeSet<String> {
        self.members().into_iter().map(|member| member.cells["person_key"].clone()).collect()
    }

    fn members(&self) -> Vec<Member> {
        let now = self.it.world.clock.now();
        self.platform.with(|holdings| {
            let audience = holdings.named("Retarget").into_iter();
            audience.flat_map(|it| it.present(now).map(|(_, member)| member.clone())).collect()
        })
    }

    /// Lets days pass, looking and delivering on each of them.
    fn days(&self, days: i64) {
        for _ in 0..days {
            self.it.world.clock.advance_to(self.it.world.clock.now() + SignedDuration::from_hours(24));
            self.it.settle();
        }
    }
}

on_both_stores! {
    whoever_a_journey_puts_in_is_in_the_platforms_audience_and_nobody_else(world at "2027-01-04T10:00:00Z") {
        let sandbox = Sandbox::new(world);
        let it = &sandbox.it;
        it.sql("UPDATE person SET unsubscribed = TRUE WHERE key = 'p-5-0'");
        it.sql("UPDATE person SET email = NULL WHERE key = 'p-5-1'");
        it.sql("UPDATE person SET test_profile = TRUE WHERE key = 'p-5-2'");
        it.adds("audience: retarget");
        it.settle();
        let people = sandbox.people();
        assert_eq!(people.len(), PEOPLE - 3, "{people:?}");
        assert!(["p-5-0", "p-5-1", "p-5-2"].iter().all(|key| !people.contains(*key)), "{people:?}");
        assert_eq!((it.at("cdp").there, it.at("cdp").pending), ((PEOPLE - 3) as i64, 0));
        assert!(sandbox.members().iter().all(|member| member.readings == 1), "once each");
        let health = it.world.text("SELECT COALESCE(MAX(code), 'none') FROM connection_health");
        assert_eq!(health, "none", "waiting for a reading is no trouble");
    }

    ended_tokens_throttles_lost_answers_a_failed_reading_and_a_crash_lose_nobody(world at "2027-01-04T10:00:00Z") {
        let sandbox = Sandbox::new(world);
        let it = &sandbox.it;
        let faults = sandbox.platform.faults();
        faults.plan("/external-audience/", 0, 3, Fault::CodeBefore("100930-429"));
        faults.plan("/external-audience/", 0, 1, Fault::HangUpAfter);
        faults.plan("/operations/", 1, 1, Fault::Status(502));
        faults.plan("/run", 1, 1, Fault::HangUpAfter);
        it.store.faults().plan("/caravan/activation", 0, 5, Fault::CodeBefore("SlowDown"));
        sandbox.platform.with(|holdings| holdings.unlucky = 1);
        it.adds("audience: retarget");
        it.world.run();
        sandbox.platform.expire_tokens();
        let ended = caravan_model::clock::to_micros(it.world.clock.now() - SignedDuration::from_secs(60));
        it.sql(&format!("UPDATE outbox SET claim = 'gone-1', claim_until = {ended}, intent = TRUE"));
        it.settle();
        let standing = it.at("cdp");
        assert_eq!((standing.there, standing.pending, standing.in_doubt), (PEOPLE as i64, 0, 0), "{standing:?}");
        assert_eq!(sandbox.people().len(), PEOPLE);
        assert_eq!(sandbox.platform.with(|holdings| holdings.audiences.len()), 1);
    }

    a_process_that_ends_while_the_platform_reads_hands_nobody_over_again(world at "2027-01-04T10:00:00Z") {
        let sandbox = Sandbox::new(world);
        let it = &sandbox.it;
        it.adds("audience: retarget");
        let runs = || sandbox.platform.with(|holdings| holdings.named("Retarget").map_or(0, |it| it.runs.len()));
        it.settle_until(|| runs() == 1).expect("a file is being read");
        assert_eq!(it.at("cdp").pending, PEOPLE as i64, "nobody knows yet how that ends");
        // Of one person something else is to be told meanwhile: the file that is being read does not say it.
        it.sql("UPDATE person SET email = 'new@example.com' WHERE key = 'p-5-0'");
        it.settle();
        assert_eq!((it.at("cdp").there, it.at("cdp").pending), (PEOPLE as i64, 0));
        let members = sandbox.members();
        let readings = |key: &str| members.iter().filter(|it| it.cells["person_key"] == key).map(|it| it.readings).sum::<usize>();
        assert_eq!((readings("p-5-1"), readings("p-5-0"), runs()), (1, 2, 2), "{members:?}");
        assert!(members.iter().any(|it| it.cells["email"] == "new@example.com"), "{members:?}");
    }

    members_are_told_again_before_they_lapse_and_whoever_left_does(world at "2027-01-04T10:00:00Z") {
        let sandbox = Sandbox::new(world);
        let it = &sandbox.it;
        it.adds("audience: retarget");
        it.settle();
        it.by_hand(Change::Remove, &["p-5-0"]);
        it.settle();
        assert_eq!(sandbox.people().len(), PEOPLE, "the platform takes nobody out");
        assert_eq!(it.at("cdp").left_out.get("lapses"), Some(&1));
        sandbox.days(12);
        let people = sandbox.people();
        assert_eq!((people.len(), people.contains("p-5-0")), (PEOPLE - 1, false));
        assert!(sandbox.members().iter().all(|member| (2..=3).contains(&member.readings)), "not every day");
        assert!(it.at("cdp").left_out.is_empty(), "they are gone: {:?}", it.at("cdp"));
    }
}
