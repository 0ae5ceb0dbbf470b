//! What must come of it, worked out from the rows alone: nothing here asks the engine.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::walk::figures::Figures;
use crate::walk::input::{FAR_ZONE, Person, World};

/// A message that somebody must get: email, journey, address.
pub type Mail = (String, String, String);

/// Everything that must be so at the end.
#[derive(Default)]
pub struct Expected {
    pub journeys: BTreeMap<&'static str, Figures>,
    /// In the order of address; one that is expected twice stands twice.
    pub mails: Vec<Mail>,
    /// Addresses of sales alerts, with the account's name.
    pub alerts: Vec<(String, String)>,
    /// Score `interest`, by person.
    pub interest: HashMap<usize, i64>,
    /// Members of static lists, by account key.
    pub nurtured: BTreeSet<String>,
    pub picked: BTreeSet<String>,
    /// Stage of each group, by account key.
    pub stages: BTreeMap<String, &'static str>,
    /// Members that were taken out, of all groups together; and those that are in, by role.
    pub members_removed: i64,
    pub members: BTreeMap<&'static str, i64>,
    invited: BTreeSet<usize>,
    uninvited: HashSet<usize>,
    handed: Vec<usize>,
    nurturing: HashSet<usize>,
}

impl Expected {
    pub fn of(world: &World) -> Self {
        let picked = world.picked().into_iter().map(|a| world.accounts[a].key.clone()).collect();
        let mut expected = Expected { picked, ..Expected::default() };
        // In the order of time: a score is set in `nurture` after `follow-up` added to it.
        expected.follow_up_and_clock(world);
        expected.nurture(world);
        expected.handed(world);
        expected.onboarding(world);
        expected.mails.sort();
        expected.alerts.sort();
        expected
    }

    fn mail(&mut self, figures: &mut Figures, node: &str, journey: &str, email: &str, person: &Person) {
        match (person.excluded(), &person.email) {
            (None, Some(address)) => {
                figures.act(node, "done");
                self.mails.push((email.to_owned(), journey.to_owned(), address.clone()));
            }
            (reason, _) => figures.act(node, &format!("skipped {}", reason.unwrap_or_default())),
        }
    }

    fn nurture(&mut self, world: &World) {
        let mut f = Figures::default();
        for a in world.large() {
            let account = &world.accounts[a];
            f.enters("audience");
            f.passes("roles");
            f.passes_all(&[
                "hello",
                "points",
                "profile",
                "moment",
                "tier",
                "milestone",
                "list",
                "stage",
                "status",
                "alert",
            ]);
            for &p in &account.people {
                let person = &world.people[p];
                if !person.decides() {
                    f.path("roles", "Staff");
                    f.passes("assign");
                    f.act("assign", "done");
                }
                self.mail(&mut f, "hello", "nurture", "welcome", person);
                f.act("points", "done");
                *self.interest.entry(p).or_default() += 5;
                f.act("profile", if self.nurturing.insert(p) { "done" } else { "no_op unchanged" });
                f.act("moment", "done");
            }
            for node in ["tier", "milestone", "list", "stage", "status", "alert"] {
                f.act(node, "done");
            }
            self.nurtured.insert(account.key.clone());
            let to = account.owner.into_iter().chain(["desk@acme.example"]);
            self.alerts.extend(to.map(|to| (to.to_owned(), account.name.clone())));
            f.passes("heard");
            if world.engaged(a) {
                self.engaged(world, a, &mut f)
            } else {
                self.reminded(world, a, &mut f)
            }
            f.passes("done");
            f.act("forget", if self.picked.remove(&account.key) { "done" } else { "no_op not_in_list" });
            f.ends("forget", "completed");
        }
        self.journeys.insert("nurture", f);
    }

    fn engaged(&mut self, world: &World, a: usize, f: &mut Figures) {
        let account = &world.accounts[a];
        f.passes_all(&["engaged", "size"]);
        f.act("engaged", "done");
        self.stages.insert(account.key.clone(), "Engaged");
        for &p in &account.people {
            let role = if world.people[p].decides() { "Decision Maker" } else { "Influencer" };
            *self.members.entry(role).or_default() += 1;
        }
        if account.employees >= Some(5_000) {
            f.path("size", "Very large");
            f.passes("handover");
            f.act("handover", "done");
            self.handed.push(a);
        } else if account.people.iter().any(|&p| world.people[p].decides()) {
            f.path("size", "Complete group");
            f.passes("people");
            account.people.iter().for_each(|&p| self.in_the_box(world, p, f));
        } else {
            f.path("size", "other");
        }
    }

    fn in_the_box(&mut self, world: &World, p: usize, f: &mut Figures) {
        let person = &world.people[p];
        if person.decides() {
            f.path("people", "Deciders");
            f.passes_all(&["pays", "invite"]);
            self.mail(f, "pays", "nurture", "roi", person);
            // The speakers are there already.
            let inside = world.speakers.contains(&p) || !self.invited.insert(p);
            f.act("invite", if inside { "no_op already_inside" } else { "done" });
        } else if person.job_title.contains("Manager") {
            f.path("people", "Managers");
            f.passes("note");
            f.act("note", "done");
        } else {
            f.path("people", "other");
            f.passes("fifty");
            let score = self.interest.entry(p).or_default();
            f.act("fifty", if *score == 50 { "no_op unchanged" } else { "done" });
            *score = 50;
        }
    }

    fn reminded(&mut self, world: &World, a: usize, f: &mut Figures) {
        f.path("heard", "timeout");
        f.passes_all(&["remind", "uninvite", "lost"]);
        for &p in &world.accounts[a].people {
            f.act("remind", "done");
            let inside = world.speakers.contains(&p) && !world.people[p].test_profile && self.uninvited.insert(p);
            f.act("uninvite", if inside { "done" } else { "no_op not_inside" });
            self.members_removed += 1;
        }
        f.act("lost", "no_op transition_not_allowed");
        self.stages.insert(world.accounts[a].key.clone(), "Aware");
    }

    fn follow_up_and_clock(&mut self, world: &World) {
        let (mut up, mut clock) = (Figures::default(), Figures::default());
        let picked = world.picked();
        let mut inside: BTreeSet<usize> = picked.iter().copied().collect();
        for &a in &picked {
            up.enters("audience");
            up.passes("point");
            for &p in &world.accounts[a].people {
                up.act("point", "done");
                *self.interest.entry(p).or_default() += 1;
            }
        }
        for a in world.regulated() {
            if !self.waited(world, a, &mut clock) {
                continue;
            }
            clock.passes("come");
            clock.act("leave", if inside.remove(&a) { "done" } else { "no_op not_inside" });
            clock.ends("leave", "completed");
        }
        for a in picked {
            if inside.contains(&a) { up.stays("week") } else { up.ends("week", "removed") }
        }
        self.journeys.insert("follow-up", up);
        self.journeys.insert("clock", clock);
    }

    /// Whether the account comes through its wait.
    fn waited(&self, world: &World, a: usize, f: &mut Figures) -> bool {
        let account = &world.accounts[a];
        f.enters("audience");
        f.passes("past");
        let Some(employees) = account.employees else {
            f.ends("way", "no_path");
            return false;
        };
        f.passes("way");
        let (path, node) = match employees {
            ..700 => ("A minute", "minute"),
            700..2_000 => ("Own clock", "own"),
            2_000..4_000 => ("An instant", "instant"),
            4_000..5_000 => ("Out", "out"),
            _ => ("Event", "signed"),
        };
        f.path("way", path);
        match node {
            "own" if account.zone == FAR_ZONE => f.stays(node),
            "out" => {
                f.act(node, "done");
                f.ends(node, "removed");
            }
            "signed" if !world.signed(a) => f.ends(node, "timed_out"),
            _ => {
                f.passes(node);
                return true;
            }
        }
        false
    }

    fn handed(&mut self, world: &World) {
        let mut f = Figures::default();
        for a in self.handed.clone() {
            f.enters("audience");
            f.passes("mark");
            for &p in &world.accounts[a].people {
                f.act("mark", "done");
                self.mail(&mut f, "pays", "handed", "roi", &world.people[p]);
            }
            f.ends("pays", "completed");
        }
        self.journeys.insert("handed", f);
    }

    fn onboarding(&mut self, world: &World) {
        let mut f = Figures::default();
        let late = self.invited.iter().copied().filter(|p| !world.speakers.contains(p));
        let everybody: Vec<usize> = world.speakers.iter().copied().chain(late).collect();
        for p in everybody {
            let person = &world.people[p];
            if person.test_profile {
                f.refused("test_profile");
                continue;
            }
            f.enters("audience");
            f.passes_all(&["greet", "points", "place", "country"]);
            self.mail(&mut f, "greet", "onboarding", "greeting", person);
            f.act("points", "done");
            *self.interest.entry(p).or_default() += 10;
            f.act("place", "done");
            let node = if person.country == "US" { ("America", "ear") } else { ("other", "hold") };
            f.path("country", node.0);
            if world.speakers.iter().take(3).any(|&asker| asker == p) {
                self.thanked(world, p, &mut f);
            } else if self.uninvited.contains(&p) {
                f.ends(node.1, "removed");
            } else {
                f.stays(node.1);
            }
        }
        self.journeys.insert("onboarding", f);
    }

    fn thanked(&mut self, world: &World, p: usize, f: &mut Figures) {
        f.passes_all(&["ear", "thanks", "moment"]);
        // Who opted out by the link of the first mail gets no second.
        let person = Person { unsubscribed: world.leaver == Some(p), ..world.people[p].clone() };
        self.mail(f, "thanks", "onboarding", "roi", &person);
        f.act("moment", "done");
        f.ends("end", "completed");
    }
}
