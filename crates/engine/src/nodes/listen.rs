//! *Listen for an event*: the traveller waits until something happens, or until it takes too long.

use caravan_catalog::{Needs, Subject};
use caravan_model::condition::Condition;
use caravan_model::journey::{self, NodeId, TIMEOUT};
use caravan_model::wait::Wait as Rule;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::Step;
use crate::compile::Compiler;
use crate::listen::{Event, HeardActivity};
use crate::plan::{Looks, Target};
use crate::walk::{Flow, Here, Kept, Stay};
use crate::why::{Names, Why};

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
    /// None: the trip ends as `timed_out`.
    next: Option<Target>,
}

/// What is kept in mind of a traveller: how often each event has happened since it arrived, and which was enough.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Heard {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    counts: Vec<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enough: Option<Enough>,
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
            Some(Timeout { rule, next: timeout.next.as_ref().map(|next| c.target(next)) })
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

    fn arrive(&self, here: &mut Here<'_, '_>) -> Flow {
        let due_at = self.timeout.as_ref().map(|timeout| here.ends_at(&timeout.rule, here.now()));
        Flow::Stay(Stay { due_at, listening: true, memory: None })
    }

    fn wake(&self, here: &mut Here<'_, '_>) -> Flow {
        let heard = self.hear(here);
        if let Some(enough) = &heard.enough {
            here.visits.why(&serde_json::to_string(enough).unwrap_or_default());
            return Flow::Go(None, self.next);
        }
        let over = here.t.row.due_at.is_some_and(|due| due <= here.now());
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
        Some(Kept { memory: heard.stored(), moves: heard.enough.is_some() })
    }

    fn awaits(&self, memory: Option<&str>) -> Option<String> {
        let heard = Heard::of(memory);
        let event = |(at, event): (usize, &Event)| match (event.at_least, heard.counts.get(at).copied().unwrap_or(0)) {
            (1, _) => event.activity.clone(),
            (at_least, so_far) => format!("{} ({so_far} of {at_least})", event.activity),
        };
        Some(self.events.iter().enumerate().map(event).collect::<Vec<_>>().join(", "))
    }

    fn explain(&self, why: Option<&Json>, path: Option<&str>, names: &dyn Names) -> Option<Why> {
        let Some(enough) = why.and_then(|why| serde_json::from_value::<Enough>(why.clone()).ok()) else {
            return Some(Why::said(match path {
                Some(_) => "It heard nothing in time.",
                None => "It listened, and nothing was heard.",
            }));
        };
        let kind = self.events.get(enough.event).map_or("the event", |event| event.activity.as_str());
        let who = match enough.person.map(|person| names.person(person)) {
            Some(person) => format!(" by {}", person.name),
            None => String::new(),
        };
        Some(Why::said(format!("It heard `{kind}`{who}, which happened at {}.", enough.at)))
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
            format!("`{}`{fields} happens{times} from now on{whose}.", event.activity)
        };
        let mut all: Vec<String> = self.events.iter().map(event).collect();
        all.extend(self.timeout.as_ref().map(|timeout| format!("Its time is over ({}).", timeout.rule.describe())));
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
            let in_time = here.t.is_in_time(activity.happened_at());
            if !in_time || !activity.concerns(here.t) {
                continue;
            }
            let meant: Vec<usize> =
                (0..self.events.len()).filter(|&at| self.events[at].is(activity, &context)).collect();
            if meant.is_empty() || !self.person_fits(here, activity) {
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

    fn stored(&self) -> Option<String> {
        (*self != Self::default()).then(|| serde_json::to_string(self).unwrap_or_default())
    }
}
