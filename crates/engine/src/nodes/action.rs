//! *Take an action*, on the account or on its people.

use caravan_catalog::{Outcome, PreparedAction};
use caravan_model::journey::{self, NodeId, On};

use super::Step;
use crate::compile::Compiler;
use crate::plan::{Looks, Target};
use crate::walk::{Flow, Here, Outcomes};

/// The reason of actions that would send a traveller on through one journey too many.
const CHAIN_TOO_LONG: &str = "journey_chain_too_long";

struct Action {
    action: Box<dyn PreparedAction>,
    on_people: bool,
    next: Target,
}

pub(super) fn compile(c: &mut Compiler<'_>, id: &NodeId, it: &journey::Action) -> Option<(Box<dyn Step>, Looks)> {
    let action = c.action(id, &c.pointer(id), &it.action, &it.settings)?;
    let on_people = it.on == On::People;
    let looks = c.with_people(Looks::from(action.needs()), on_people);
    Some((Box::new(Action { action, on_people, next: c.target(&it.next) }), looks))
}

impl Step for Action {
    fn targets(&self) -> Vec<Target> {
        vec![self.next]
    }

    fn acts(&self) -> bool {
        true
    }

    fn arrive(&self, here: &mut Here<'_, '_>) -> Flow {
        let subjects = here.subjects(self.on_people);
        let outcomes = here.act(self.action.as_ref(), &subjects);
        if goes_in_circles(&outcomes) {
            return too_many_journeys();
        }
        here.visits.outcomes(&outcomes);
        // An action may have ended this very trip.
        if here.ended_itself() { Flow::End("removed") } else { Flow::Go(None, self.next) }
    }
}

fn goes_in_circles(outcomes: &[Outcomes]) -> bool {
    outcomes.iter().any(|group| matches!(group.outcome, Outcome::NoOp(CHAIN_TOO_LONG)))
}

fn too_many_journeys() -> Flow {
    let message = format!(
        "{} journeys have sent this traveller on, one after another: they feed each other. It stops here. Break the \
         circle (close one of the journeys, or take its re-entry away), then retry; or leave this node out.",
        crate::batch::LONGEST_CHAIN
    );
    Flow::Fail { code: CHAIN_TOO_LONG, message }
}
