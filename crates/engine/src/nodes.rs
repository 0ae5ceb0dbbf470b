//! What each kind of node does: one file per kind, one line in [`compile`].
//!
//! A file holds, top to bottom: the step as a plan keeps it, how it is made ready from the map, what it does with a
//! traveller, and how it explains afterwards why it did so.

mod action;
mod audience;
mod boxes;
mod calls;
mod external_action;
mod external_split;
mod listen;
mod merge;
mod people_split;
mod split;
mod variant_split;
mod wait;

use caravan_model::condition::{Condition, FieldTest};
use caravan_model::journey::{Node, NodeId};
use serde_json::Value as Json;

pub(crate) use self::audience::Audience;
pub(crate) use self::boxes::Boxed;
pub(crate) use self::calls::{answer_fields, give_up};
use crate::compile::Compiler;
use crate::listen::Event;
use crate::plan::{Looks, Target};
use crate::walk::{Flow, Here, Kept};
use crate::why::{Names, TurnedDown, Why};

/// What a node listens for: any of these events, by somebody for whom the filters hold.
#[derive(Debug, Clone, Copy)]
pub struct Listening<'a> {
    /// In their order.
    pub events: &'a [Event],
    /// What must hold of the person who acts.
    pub filters: Option<&'a Condition>,
}

/// What a node does with travellers. Deciding is pure: see [`crate::walk`].
pub trait Step: Send + Sync {
    /// Where its paths lead, the usual one first.
    fn targets(&self) -> Vec<Target>;

    /// Whether a traveller that arrives stops here.
    fn waits(&self) -> bool {
        false
    }

    /// Whether executions are counted here.
    fn acts(&self) -> bool {
        false
    }

    /// Activity types that it hears.
    fn hears(&self) -> Vec<&str> {
        Vec::new()
    }

    /// What it listens for, where people decide when it goes on.
    fn listens(&self) -> Option<Listening<'_>> {
        None
    }

    /// What an answer must be like by which somebody takes this path.
    fn asks_of_answer(&self, _path: &str) -> Option<&[FieldTest]> {
        None
    }

    /// What it does with a traveller that has just come.
    fn arrive(&self, here: &mut Here<'_, '_>) -> Flow;

    /// What it does with a traveller that stands here and may go on.
    fn wake(&self, here: &mut Here<'_, '_>) -> Flow {
        self.arrive(here)
    }

    /// What it does with a traveller whose wait is skipped by hand.
    fn skip(&self, here: &mut Here<'_, '_>) -> Flow {
        self.wake(here)
    }

    /// What it keeps in mind of a traveller that may not move, since its journey is paused.
    fn mind(&self, _here: &mut Here<'_, '_>) -> Option<Kept> {
        None
    }

    /// What a traveller waits for here, beside time; `memory` is what the node keeps in mind of it.
    fn awaits(&self, _memory: Option<&str>) -> Option<String> {
        None
    }

    /// What a traveller that waits here has heard that did not count; `memory` is what the node keeps in mind of it.
    fn turned_down(&self, _memory: Option<&str>, _names: &dyn Names) -> Vec<TurnedDown> {
        Vec::new()
    }

    /// Why a traveller left as it did, from what was noted with the move and the path that it took.
    fn explain(&self, _why: Option<&Json>, _path: Option<&str>, _names: &dyn Names) -> Option<Why> {
        None
    }

    /// What has to happen before a traveller that waits here goes on, in words.
    fn goes_on(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Makes a node ready to run, with what it looks at. Nothing: findings say why not.
pub(crate) fn compile(c: &mut Compiler<'_>, id: &NodeId, node: &Node) -> Option<(Box<dyn Step>, Looks)> {
    match node {
        Node::Action(it) => action::compile(c, id, it),
        Node::Wait(it) => wait::compile(c, id, it),
        Node::Listen(it) => listen::compile(c, id, it),
        Node::Split(it) if c.is_box(node) => people_split::compile(c, id, it),
        Node::Split(it) => split::compile(c, id, it),
        Node::VariantSplit(it) => variant_split::compile(c, id, it),
        Node::Merge(it) => merge::compile(c, it),
        Node::ExternalAction(it) => external_action::compile(c, id, it),
        Node::ExternalSplit(it) => external_split::compile(c, id, it),
        Node::NextBestPath(_) => c.not_available(id, node),
    }
}
