//! A case as manifests.

use serde_json::{Map, Value as Json, json};

use super::*;

impl Case {
    /// Everything that the journeys name, then the journeys.
    pub fn manifest(&self) -> String {
        let mut documents = vec![
            json!({"kind": "settings", "organisation": "Acme", "time_zone": "UTC"}),
            json!({"kind": "score", "key": "interest"}),
            json!({"kind": "connection", "key": "mail", "type": "smtp", "settings": {"host": "mail.example", "port": 587, "security": "starttls", "from": {"email": "desk@acme.example"}}}),
            json!({"kind": "email", "key": "news", "connection": "mail", "subject": "News", "body": {"html": "<p>News.</p>"}}),
        ];
        for (n, shelf) in SHELVES.iter().enumerate() {
            let on_it = self.accounts.iter().enumerate().filter(|(_, account)| account.shelved[n]);
            let accounts: Vec<String> = on_it.map(|(n, _)| account_key(n)).collect();
            documents.push(
                json!({"kind": "account_list", "key": shelf, "type": "static", "accounts": accounts, "state": "live"}),
            );
        }
        documents.extend(SERVICES.iter().enumerate().map(|(n, service)| service.document(n)));
        documents.extend(self.journeys.iter().enumerate().filter_map(|(n, journey)| self.list_of(n, journey.audience)));
        documents.extend(self.journeys.iter().enumerate().map(|(n, journey)| journey.document(n, 0)));
        documents.iter().map(Json::to_string).collect::<Vec<_>>().join("\n---\n")
    }

    /// The second version of a journey.
    pub fn renewed(&self, n: usize) -> String {
        self.journeys[n].document(n, 1).to_string()
    }

    /// The list that a journey follows, unless it is a shelf. Each has its own.
    fn list_of(&self, n: usize, audience: Audience) -> Option<Json> {
        let key = format!("audience-{n}");
        let speakers = || -> Vec<String> {
            let named = self.people.iter().enumerate().filter(|(_, person)| person.speaker);
            named.map(|(n, _)| person_key(n)).collect()
        };
        let of_accounts =
            |when: Json| json!({"kind": "account_list", "key": key, "type": "dynamic", "when": when, "state": "live"});
        Some(match audience {
            Audience::Large(least) => of_accounts(json!({"account": "employees", "at_least": least})),
            Audience::Industry(industry) => of_accounts(json!({"account": "industry", "is": industry})),
            Audience::Shelf(_) | Audience::Filling { .. } => return None,
            Audience::Speakers => {
                json!({"kind": "people_list", "key": key, "type": "static", "people": speakers(), "state": "live"})
            }
            Audience::Titled(title) => {
                json!({"kind": "people_list", "key": key, "type": "dynamic", "when": {"person": "job_title", "starts_with": title}, "state": "live"})
            }
        })
    }
}

impl Journey {
    fn document(&self, n: usize, version: usize) -> Json {
        let audience = match self.audience {
            Audience::Shelf(shelf) => json!({"account_list": SHELVES[shelf]}),
            Audience::Large(_) | Audience::Industry(_) => json!({"account_list": format!("audience-{n}")}),
            Audience::Speakers | Audience::Titled(_) => json!({"people_list": format!("audience-{n}")}),
            Audience::Filling { first, second } => {
                let events: Vec<Json> = [first].into_iter().chain(second).map(|event| event.document()).collect();
                json!({"events": events})
            }
        };
        let map = &self.maps[version];
        let nodes = map.nodes.iter().enumerate();
        let nodes = nodes.map(|(n, node)| (node_key(version, n), self.node(version, &node_key(version, n), node)));
        let mut document = json!({
            "kind": "journey", "key": journey_key(n), "subject": if self.of_people { "person" } else { "account" },
            "audience": audience, "end": instant(self.end).to_string(), "entry": node_key(version, map.entry),
            "nodes": nodes.collect::<Map<_, _>>(),
        });
        if let Some(again) = &self.reentry {
            let after = if again.from_end { "end" } else { "start" };
            document["reentry"] = json!({"after": after, "delay": format!("{}h", again.hours), "limit": again.limit});
        }
        if let Some(goal) = &self.goal {
            document["goal"] = goal.document();
            if self.hold_out > 0 {
                document["hold_out"] = self.hold_out.into();
            }
        }
        document
    }

    fn node(&self, version: usize, key: &str, node: &Node) -> Json {
        let target = |next: Next| next.map_or(Json::Null, |n| node_key(version, n).into());
        let mut place = 0;
        let mut actions = |acts: &[Act]| -> Vec<Json> {
            let one = |act: &Act| {
                let mut json = act.settings();
                json["id"] = boxed_key(key, place).into();
                place += 1;
                json
            };
            acts.iter().map(one).collect()
        };
        match node {
            Node::Act { act, next } => {
                let mut json = act.settings();
                json["type"] = "action".into();
                json["on"] = if act.on_people() { "people" } else { "account" }.into();
                json["next"] = target(*next);
                json
            }
            Node::Wait { rule, next } => {
                let mut json = rule.settings();
                json["type"] = "wait".into();
                json["next"] = target(*next);
                json
            }
            Node::Listen(listen) => listen.document(&target),
            Node::Split { paths, other } => {
                let paths: Vec<Json> = paths
                    .iter()
                    .enumerate()
                    .map(|(n, (when, next))| json!({"label": path_key(n), "when": when.document(), "next": target(*next)}))
                    .collect();
                let by = if self.of_people { "person" } else { "account" };
                let mut json = json!({"type": "split", "by": by, "paths": paths});
                if let Some(next) = other {
                    json["other"] = json!({"next": target(*next)});
                }
                json
            }
            Node::Box { paths, other, next } => {
                let paths: Vec<Json> = paths
                    .iter()
                    .enumerate()
                    .map(|(n, (when, acts))| json!({"label": path_key(n), "when": when.document(), "actions": actions(acts)}))
                    .collect();
                let mut json = json!({"type": "split", "by": "person", "paths": paths, "next": target(*next)});
                if let Some(acts) = other {
                    json["other"] = json!({"actions": actions(acts)});
                }
                json
            }
            Node::Merge { next } => json!({"type": "merge", "next": target(*next)}),
            Node::Shares { percents, nexts } => {
                let paths = percents.iter().zip(nexts).enumerate();
                let path = |(n, (percent, next)): (usize, (&i64, &Next))| json!({"label": share_key(n), "percent": percent, "next": target(*next)});
                let by = if self.of_people { "person" } else { "account" };
                json!({"type": "variant_split", "by": by, "paths": paths.map(path).collect::<Vec<_>>()})
            }
            Node::SharesBox { percents, paths, next } => {
                let path = |(n, (percent, acts)): (usize, (&i64, &Vec<Act>))| json!({"label": share_key(n), "percent": percent, "actions": actions(acts)});
                let paths: Vec<Json> = percents.iter().zip(paths).enumerate().map(path).collect();
                json!({"type": "variant_split", "by": "person", "paths": paths, "next": target(*next)})
            }
            Node::Call { service, next, failed } => {
                let on = if SERVICES[*service].on_people { "people" } else { "account" };
                let service = SERVICES[*service].key;
                let mut json = json!({"type": "external_action", "on": on, "service": service, "next": target(*next)});
                if let Some(next) = failed {
                    json["failed"] = json!({"next": target(*next)});
                }
                json
            }
            Node::Ask { service, paths, other, failed } => {
                let path =
                    |(n, next): (usize, &Next)| json!({"label": path_key(n), "when": chosen(n), "next": target(*next)});
                let paths: Vec<Json> = paths.iter().enumerate().map(path).collect();
                let service = SERVICES[*service].key;
                let mut json = json!({"type": "external_split", "by": "account", "service": service, "paths": paths});
                for (key, branch) in [("other", other), ("failed", failed)] {
                    if let Some(next) = branch {
                        json[key] = json!({"next": target(*next)});
                    }
                }
                json
            }
            Node::AskBox { service, paths, other, failed, next } => {
                let path = |(n, acts): (usize, &Vec<Act>)| json!({"label": path_key(n), "when": chosen(n), "actions": actions(acts)});
                let paths: Vec<Json> = paths.iter().enumerate().map(path).collect();
                let service = SERVICES[*service].key;
                let mut json = json!({"type": "external_split", "by": "person", "service": service, "paths": paths, "next": target(*next)});
                for (key, branch) in [("other", other), ("failed", failed)] {
                    if let Some(acts) = branch {
                        json[key] = json!({"actions": actions(acts)});
                    }
                }
                json
            }
        }
    }
}

/// An answer that makes the n-th choice.
fn chosen(n: usize) -> Json {
    json!({"choice": {"is": format!("c{n}")}})
}

impl Awaited {
    fn document(&self) -> Json {
        let mut event = json!({"activity": "form_filled", "at_least": self.at_least});
        if let Some(form) = self.form {
            event["where"] = json!({"form": {"is": form}});
        }
        event
    }
}

impl Listen {
    fn document(&self, target: &dyn Fn(Next) -> Json) -> Json {
        let mut json = json!({"type": "listen", "next": target(self.next)});
        match self.events.as_slice() {
            [event] => json["event"] = event.document(),
            events => json["events"] = events.iter().map(Awaited::document).collect::<Vec<_>>().into(),
        }
        if let Some(filter) = &self.filter {
            json["filters"] = filter.document();
        }
        if let Some((rule, next)) = &self.timeout {
            json["timeout"] = rule.settings();
            if let Some(next) = next {
                json["timeout"]["next"] = target(*next);
            }
        }
        json
    }
}

impl Act {
    fn settings(&self) -> Json {
        match self {
            Self::Score { change } => {
                json!({"action": "change_score", "score": "interest", "change": format!("{change:+}")})
            }
            Self::SetScore { value } => {
                json!({"action": "change_score", "score": "interest", "change": format!("={value}")})
            }
            Self::Department(value) => json!({"action": "update_person", "attribute": "department", "value": value}),
            Self::Mail => json!({"action": "send_email", "email": "news"}),
            Self::Moment => json!({"action": "person_interesting_moment", "moment": "web"}),
            Self::EnterPeople(n) => json!({"action": "add_person_to_journey", "journey": journey_key(*n)}),
            Self::LeavePeople(n) => json!({"action": "remove_person_from_journey", "journey": journey_key(*n)}),
            Self::Industry(value) => json!({"action": "update_account", "attribute": "industry", "value": value}),
            Self::Employees(value) => json!({"action": "update_account", "attribute": "employees", "value": value}),
            Self::Shelve(shelf) => json!({"action": "add_to_account_list", "list": SHELVES[*shelf]}),
            Self::Unshelve(shelf) => json!({"action": "remove_from_account_list", "list": SHELVES[*shelf]}),
            Self::AccountMoment => json!({"action": "account_interesting_moment", "moment": "milestone"}),
            Self::EnterJourney(n) => json!({"action": "add_to_journey", "journey": journey_key(*n)}),
            Self::LeaveJourney(n) => json!({"action": "remove_from_journey", "journey": journey_key(*n)}),
        }
    }
}

impl WaitRule {
    fn settings(&self) -> Json {
        let Self::For { amount, unit, must } = self else {
            let Self::Until(at) = self else { unreachable!() };
            return json!({"until": instant(*at).to_string()});
        };
        let unit = match unit {
            Unit::Minutes => "m",
            Unit::Hours => "h",
            Unit::Days => "d",
            Unit::Weeks => "w",
            Unit::Months => "mo",
        };
        let mut json = json!({"duration": format!("{amount}{unit}")});
        if let Some(must) = must {
            let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
            let mut on = Map::new();
            if !must.days.is_empty() {
                let days: Vec<&str> = must.days.iter().map(|day| names[*day as usize]).collect();
                on.insert("days".to_owned(), days.into());
            }
            if let Some((hour, minute)) = must.time {
                on.insert("time".to_owned(), format!("{hour:02}:{minute:02}").into());
            }
            match must.zone {
                Zone::Organisation => None,
                Zone::Own => on.insert("zone".to_owned(), "own".into()),
                Zone::Named(zone) => on.insert("zone".to_owned(), ZONES[zone].0.into()),
            };
            json["must_end_on"] = Json::Object(on);
        }
        json
    }
}

impl Test {
    fn document(&self) -> Json {
        let all = |tests: &[Test]| -> Vec<Json> { tests.iter().map(Test::document).collect() };
        match self {
            Self::All(tests) => json!({"all": all(tests)}),
            Self::Any(tests) => json!({"any": all(tests)}),
            Self::Not(test) => json!({"not": test.document()}),
            Self::EmployeesAtLeast(least) => json!({"account": "employees", "at_least": least}),
            Self::EmployeesEmpty => json!({"account": "employees", "is_empty": true}),
            Self::IndustryIs(industry) => json!({"account": "industry", "is": industry}),
            Self::OnShelf(shelf) => json!({"in_account_list": SHELVES[*shelf]}),
            Self::HasPeople(test, least) => json!({"has_people": test.document(), "at_least": least}),
            Self::TitleStarts(title) => json!({"person": "job_title", "starts_with": title}),
            Self::DepartmentIs(department) => json!({"person": "department", "is": department}),
            Self::ScoreAtLeast(least) => json!({"score": "interest", "at_least": least}),
            Self::Filled { form, at_least, window } => {
                let mut json = json!({"did": "form_filled", "at_least": at_least});
                if let Some(form) = form {
                    json["where"] = json!({"form": {"is": form}});
                }
                match window {
                    Window::Ever => {}
                    Window::SinceEntry => json["since"] = "entry".into(),
                    Window::Within(days) => json["within"] = format!("{days}d").into(),
                }
                json
            }
        }
    }
}
