//! *Listen for an event*: the traveller waits until something happens, or until it takes too long.

use caravan_catalog::{Needs, Subject};
use caravan_model::clock::told;
use caravan_model::condition::Condition;
use caravan_model::journey::{self, NodeId, TIMEOUT};
use caravan_model::wait::Wait as Rule;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Listening, Step};
use crate::compile::Compiler;
use crate::listen::{Event, HeardActivity};
use crate::plan::{Looks, Target};
use crate::walk::{Flow, Here, Kept, Stay};
use crate::why::{self, Names, Why};

struct Listen {
    /// Any of these; the first that has happened often enough counts.
    events: Vec<Event>,
    /// What must hold for the person who acted.
    filters: Option<Condition>,
    timeout: Option<Timeout>,
    next: Target,
}

struct Timeout {
    rule: Rule,
    words: String,
    /// None: the trip ends as `timed_out`.
    next: Option<Target>,
}

/// So many activities that did not count are kept, the latest ones.
const MOST_TURNED_DOWN: usize = 5;

/// What is kept in mind of a traveller: how often each event has happened since it arrived, and which was enough.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Heard {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    counts: Vec<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enough: Option<Enough>,
    /// The latest that did not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    turned_down: Vec<TurnedDown>,
}

/// An activity of a type that the node hears which did not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct TurnedDown {
    /// Place of the event among the node's.
    event: usize,
    /// When it happened.
    at: Timestamp,
    /// Who acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<i64>,
    /// What was against it.
    because: Because,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Because {
    /// It happened before the traveller came.
    Early,
    /// It happened after the time was over.
    Late,
    /// Its fields are not those that the event asks for.
    Fields,
    /// The filters do not hold for the person who acted.
    Filters,
}

/// What is noted of a listener that is left.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Noted {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enough: Option<Enough>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    turned_down: Vec<TurnedDown>,
}

impl Noted {
    fn of(why: Option<&Json>) -> Self {
        let Some(why) = why else { return Self::default() };
        let noted: Self = serde_json::from_value(why.clone()).unwrap_or_default();
        // Before there was anything else to note, what was enough stood by itself.
        let enough = noted.enough.or_else(|| serde_json::from_value(why.clone()).ok());
        Self { enough, ..noted }
    }
}

/// The activity that made the count full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Enough {
    /// Place of the event among the node's.
    event: usize,
    /// The activity.
    activity: i64,
    /// When it happened.
    at: Timestamp,
    /// Who acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<i64>,
}

pub(super) fn compile(c: &mut Compiler<'_>, id: &NodeId, it: &journey::Listen) -> Option<(Box<dyn Step>, Looks)> {
    let at = c.pointer(id);
    let one = it.event.iter().map(|test| (format!("{at}/event"), test));
    let several = it.events.iter().enumerate().map(|(n, test)| (format!("{at}/events/{n}"), test));
    let tests: Vec<_> = one.chain(several).collect();
    let events = tests.into_iter().filter_map(|(pointer, test)| c.event(id, &pointer, test)).collect();
    let filters = match &it.filters {
        Some(filters) => Some(c.condition(id, &format!("{at}/filters"), journey::Subject::Person, Some(filters))?),
        None => None,
    };
    let timeout = match &it.timeout {
        Some(timeout) => {
            let rule = c.keep(id, "", timeout.rule(&format!("{at}/timeout")))?;
            Some(Timeout {
                words: rule.describe(&c.definitions().zone),
                rule,
                next: timeout.next.as_ref().map(|next| c.target(next)),
            })
        }
        None => None,
    };
    let mut looks = c.zone_looks(timeout.as_ref().map(|timeout| &timeout.rule));
    if let Some(filters) = &filters {
        looks.needs.extend(&Needs::from(&filters.needs()));
    }
    Some((Box::new(Listen { events, filters, timeout, next: c.target(&it.next) }), looks))
}

impl Step for Listen {
    fn targets(&self) -> Vec<Target> {
        let silent = self.timeout.as_ref().and_then(|timeout| timeout.next);
        std::iter::once(self.next).chain(silent).collect()
    }

    fn waits(&self) -> bool {
        true
    }

    fn hears(&self) -> Vec<&str> {
        self.events.iter().map(|event| event.activity.as_str()).collect()
    }

    fn listens(&self) -> Option<Listening<'_>> {
        Some(Listening { events: &self.events, filters: self.filters.as_ref() })
    }

    fn arrive(&self, here: &mut Here<'_, '_>) -> Flow {
        let due_at = self.timeout.as_ref().map(|timeout| here.ends_at(&timeout.rule, here.now()));
        Flow::Stay(Stay { due_at, listening: true, memory: None })
    }

    fn wake(&self, here: &mut Here<'_, '_>) -> Flow {
        let heard = self.hear(here);
        let over = here.t.row.due_at.is_some_and(|due| due <= here.now());
        let leaves = heard.enough.is_some() || (over && self.timeout.is_some());
        if leaves && (heard.enough.is_some() || !heard.turned_down.is_empty()) {
            let noted = Noted { enough: heard.enough.clone(), turned_down: heard.turned_down.clone() };
            here.visits.why(&serde_json::to_string(&noted).unwrap_or_default());
        }
        if heard.enough.is_some() {
            return Flow::Go(None, self.next);
        }
        match self.timeout.as_ref().map(|timeout| timeout.next) {
            Some(Some(next)) if over => Flow::Go(Some(TIMEOUT.to_owned()), next),
            Some(None) if over => Flow::End("timed_out"),
            // Only a timeout makes a listener due.
            timeout => {
                Flow::Stay(Stay { due_at: timeout.and(here.t.row.due_at), listening: true, memory: heard.stored() })
            }
        }
    }

    /// A wait that is skipped goes on as if nothing had been heard.
    fn skip(&self, _here: &mut Here<'_, '_>) -> Flow {
        match self.timeout.as_ref().and_then(|timeout| timeout.next) {
            Some(next) => Flow::Go(Some(TIMEOUT.to_owned()), next),
            None => Flow::Go(None, self.next),
        }
    }

    fn mind(&self, here: &mut Here<'_, '_>) -> Option<Kept> {
        let heard = self.hear(here);
        Some(Kept { memory: heard.stored(), due_at: here.t.row.due_at, moves: heard.enough.is_some() })
    }

    fn awaits(&self, memory: Option<&str>) -> Option<String> {
        let heard = Heard::of(memory);
        let event = |(at, event): (usize, &Event)| match (event.at_least, heard.counts.get(at).copied().unwrap_or(0)) {
            (1, _) => event.title.clone(),
            (at_least, so_far) => format!("{} ({so_far} of {at_least})", event.title),
        };
        Some(self.events.iter().enumerate().map(event).collect::<Vec<_>>().join(", "))
    }

    fn explain(&self, why: Option<&Json>, path: Option<&str>, names: &dyn Names) -> Option<Why> {
        let noted = Noted::of(why);
        let turned_down = self.told(&noted.turned_down, names);
        let Some(enough) = noted.enough else {
            let said = match (path, turned_down.is_empty()) {
                (Some(_), true) => "It heard nothing in time.",
                (Some(_), false) => "It heard nothing that counted in time.",
                (None, _) => "It listened, and nothing was heard.",
            };
            return Some(Why { turned_down, ..Why::said(said) });
        };
        let kind = self.events.get(enough.event).map_or("the event", |event| event.title.as_str());
        let who = match enough.person.map(|person| names.person(person)) {
            Some(person) => format!(" by {}", person.name),
            None => String::new(),
        };
        let said = format!("It heard “{kind}”{who}, which happened at {}.", told(enough.at));
        Some(Why { turned_down, ..Why::said(said) })
    }

    fn turned_down(&self, memory: Option<&str>, names: &dyn Names) -> Vec<why::TurnedDown> {
        self.told(&Heard::of(memory).turned_down, names)
    }

    fn goes_on(&self) -> Vec<String> {
        let whose = self
            .filters
            .as_ref()
            .map_or_else(String::new, |filters| format!(" by somebody for whom this holds: {}", filters.describe()));
        let event = |event: &Event| {
            let times = if event.at_least > 1 { format!(" {} times", event.at_least) } else { String::new() };
            let fields: Vec<String> = event.fields.iter().map(|test| test.checks.describe(&test.field)).collect();
            let fields = if fields.is_empty() { fields.concat() } else { format!(" where {}", fields.join(" and ")) };
            format!("“{}”{fields} happens{times} from now on{whose}.", event.title)
        };
        let mut all: Vec<String> = self.events.iter().map(event).collect();
        all.extend(self.timeout.as_ref().map(|timeout| format!("Its time is over ({}).", timeout.words)));
        all
    }
}

impl Listen {
    /// What has been heard with what is new; the first event that has happened often enough ends it.
    fn hear(&self, here: &Here<'_, '_>) -> Heard {
        let mut heard = Heard::of(here.t.row.memory.as_deref());
        if heard.enough.is_some() {
            return heard;
        }
        let context = here.context();
        for activity in &here.t.heard {
            let Some(named) = self.events.iter().position(|event| event.activity == activity.kind) else { continue };
            if !activity.is_for(here.t) {
                continue;
            }
            let meant: Vec<usize> =
                (0..self.events.len()).filter(|&at| self.events[at].is(activity, &context)).collect();
            if let Some(because) = self.against(here, activity, meant.is_empty()) {
                let (at, person) = (activity.happened_at(), activity.person.map(|person| person.0));
                heard.turn_down(TurnedDown { event: meant.first().copied().unwrap_or(named), at, person, because });
                continue;
            }
            heard.counts.resize(self.events.len(), 0);
            for at in meant {
                heard.counts[at] += 1;
                if heard.counts[at] >= self.events[at].at_least && heard.enough.is_none() {
                    heard.enough = Some(Enough {
                        event: at,
                        activity: activity.id.0,
                        at: activity.happened_at(),
                        person: activity.person.map(|person| person.0),
                    });
                }
            }
            if heard.enough.is_some() {
                break;
            }
        }
        heard
    }

    /// What speaks against an activity of a type that is heard, if anything does.
    fn against(&self, here: &Here<'_, '_>, activity: &HeardActivity, other_fields: bool) -> Option<Because> {
        match activity.happened_at() {
            at if at < here.t.row.node_at => Some(Because::Early),
            at if !here.t.is_in_time(at) => Some(Because::Late),
            _ if other_fields => Some(Because::Fields),
            _ if !self.person_fits(here, activity) => Some(Because::Filters),
            _ => None,
        }
    }

    fn told(&self, turned_down: &[TurnedDown], names: &dyn Names) -> Vec<why::TurnedDown> {
        let told = |it: &TurnedDown| {
            let reason = match it.because {
                Because::Early => "It happened before the traveller arrived here.".to_owned(),
                Because::Late => "It happened when the time was over.".to_owned(),
                Because::Fields => "Its fields are not those that are asked for.".to_owned(),
                Because::Filters => {
                    let asked = self.filters.as_ref().map(|filters| filters.describe()).unwrap_or_default();
                    format!("This did not hold for the person who acted: {asked}.")
                }
            };
            let event = self.events.get(it.event);
            why::TurnedDown {
                event: event.map_or_else(String::new, |event| event.activity.clone()),
                title: event.map_or_else(String::new, |event| event.title.clone()),
                at: it.at,
                person: it.person.map(|person| names.person(person)),
                reason,
            }
        };
        turned_down.iter().map(told).collect()
    }

    /// Filters judge the person who acted, as it is now.
    fn person_fits(&self, here: &Here<'_, '_>, activity: &HeardActivity) -> bool {
        let Some(filters) = &self.filters else { return true };
        let person = activity.person.and_then(|person| here.walker.world.person_ix(person));
        person.is_some_and(|ix| here.holds(filters, Subject::Person(ix)))
    }
}

impl Heard {
    fn of(memory: Option<&str>) -> Self {
        memory.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    fn turn_down(&mut self, it: TurnedDown) {
        if self.turned_down.len() == MOST_TURNED_DOWN {
            self.turned_down.remove(0);
        }
        self.turned_down.push(it);
    }

    fn stored(&self) -> Option<String> {
        (*self != Self::default()).then(|| serde_json::to_string(self).unwrap_or_default())
    }
}
