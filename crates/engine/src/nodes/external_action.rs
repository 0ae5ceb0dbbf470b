//! *External action*: a service is called for the account or for each of its people, and the traveller waits for its
//! answer.

use caravan_model::journey::{self, FAILED, NodeId, On};
use serde_json::Value as Json;

use super::Step;
use super::calls::{Calls, Service, pass_over};
use crate::compile::Compiler;
use crate::plan::{Looks, Target};
use crate::walk::{Flow, Here, Kept, Stay};
use crate::why::{Names, Why};

struct ExternalAction {
    service: Service,
    next: Target,
    /// When all calls failed or stayed unanswered; none: the trip ends as `timed_out`.
    failed: Option<Target>,
}

pub(super) fn compile(
    c: &mut Compiler<'_>,
    id: &NodeId,
    it: &journey::ExternalAction,
) -> Option<(Box<dyn Step>, Looks)> {
    let on = if it.on == On::People { journey::Subject::Person } else { journey::Subject::Account };
    let (service, looks) = Service::compile(c, id, &it.service, on, false, &it.values)?;
    let failed = it.failed.as_ref().map(|branch| c.branch(branch));
    Some((Box::new(ExternalAction { service, next: c.target(&it.next), failed }), looks))
}

impl Step for ExternalAction {
    fn targets(&self) -> Vec<Target> {
        std::iter::once(self.next).chain(self.failed).collect()
    }

    fn waits(&self) -> bool {
        true
    }

    fn acts(&self) -> bool {
        true
    }

    fn arrive(&self, here: &mut Here<'_, '_>) -> Flow {
        self.service
            .call(here)
            .unwrap_or(Flow::Stay(Stay { memory: Some(Calls::default().stored()), ..Stay::until(here.now()) }))
    }

    fn wake(&self, here: &mut Here<'_, '_>) -> Flow {
        let (calls, due_at) = self.service.take(here, &|_, _| 0);
        if !calls.waiting.is_empty() {
            return Flow::Stay(Stay { due_at, listening: false, memory: Some(calls.stored()) });
        }
        here.visits.why(&calls.stored());
        self.go(&calls)
    }

    fn skip(&self, here: &mut Here<'_, '_>) -> Flow {
        let (calls, _) = self.service.take(here, &|_, _| 0);
        if calls.waiting.is_empty() {
            here.visits.why(&calls.stored());
            return self.go(&calls);
        }
        pass_over(here, &calls.waiting);
        Flow::Go(None, self.next)
    }

    fn mind(&self, here: &mut Here<'_, '_>) -> Option<Kept> {
        self.service.mind(here, &|_, _| 0)
    }

    fn awaits(&self, memory: Option<&str>) -> Option<String> {
        Some(Calls::of(memory).in_words())
    }

    fn explain(&self, why: Option<&Json>, _path: Option<&str>, _names: &dyn Names) -> Option<Why> {
        Some(Why::said(answers_in_words(why)?))
    }

    fn goes_on(&self) -> Vec<String> {
        vec!["The service answers for everybody, or its time is over.".to_owned()]
    }
}

impl ExternalAction {
    /// Nobody is waited for any more.
    fn go(&self, calls: &Calls) -> Flow {
        if !calls.done.is_empty() || calls.failed.is_empty() {
            return Flow::Go(None, self.next);
        }
        match self.failed {
            Some(failed) => Flow::Go(Some(FAILED.to_owned()), failed),
            None => Flow::End("timed_out"),
        }
    }
}

/// How many calls were answered and how many failed, and why.
pub(super) fn answers_in_words(why: Option<&Json>) -> Option<String> {
    let calls: Calls = serde_json::from_value(why?.clone()).ok()?;
    let mut codes: Vec<&str> = calls.failed.iter().map(|(_, code)| code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let why = if codes.is_empty() { String::new() } else { format!(" ({})", codes.join(", ")) };
    Some(format!("The service answered {} calls; {} failed{why}.", calls.done.len(), calls.failed.len()))
}
