//! *Wait*, for a duration or until an instant.

use caravan_model::journey::{self, NodeId};
use caravan_model::wait::Wait as Rule;
use serde_json::Value as Json;

use super::Step;
use crate::compile::Compiler;
use crate::plan::{Looks, Target};
use crate::walk::{Flow, Here, Stay};
use crate::why::{Names, Why};

struct Wait {
    rule: Rule,
    words: String,
    next: Target,
}

pub(super) fn compile(c: &mut Compiler<'_>, id: &NodeId, it: &journey::Wait) -> Option<(Box<dyn Step>, Looks)> {
    let rule = c.keep(id, "", it.rule(&c.pointer(id)))?;
    let looks = c.zone_looks(Some(&rule));
    let words = rule.describe(&c.definitions().zone);
    Some((Box::new(Wait { rule, words, next: c.target(&it.next) }), looks))
}

impl Step for Wait {
    fn targets(&self) -> Vec<Target> {
        vec![self.next]
    }

    fn waits(&self) -> bool {
        true
    }

    /// A walk stops here even when the wait is over at once: what comes next has not been loaded.
    fn arrive(&self, here: &mut Here<'_, '_>) -> Flow {
        Flow::Stay(Stay::until(here.ends_at(&self.rule, here.now())))
    }

    /// A local time is checked again on waking: the traveller's zone may have changed.
    fn wake(&self, here: &mut Here<'_, '_>) -> Flow {
        let ends_at = here.ends_at(&self.rule, here.t.row.node_at);
        if ends_at <= here.now() { Flow::Go(None, self.next) } else { Flow::Stay(Stay::until(ends_at)) }
    }

    fn skip(&self, _here: &mut Here<'_, '_>) -> Flow {
        Flow::Go(None, self.next)
    }

    fn explain(&self, _why: Option<&Json>, _path: Option<&str>, _names: &dyn Names) -> Option<Why> {
        Some(Why::said(format!("It waited: {}.", self.words)))
    }

    fn goes_on(&self) -> Vec<String> {
        vec![format!("The wait is over ({}), or somebody skips it by hand.", self.words)]
    }
}
