//! *Merge*: joins the paths that a split opened.

use caravan_model::journey;

use super::Step;
use crate::compile::Compiler;
use crate::plan::{Looks, Target};
use crate::walk::{Flow, Here};

struct Merge {
    next: Target,
}

pub(super) fn compile(c: &mut Compiler<'_>, merge: &journey::Merge) -> Option<(Box<dyn Step>, Looks)> {
    Some((Box::new(Merge { next: c.target(&merge.next) }), Looks::default()))
}

impl Step for Merge {
    fn targets(&self) -> Vec<Target> {
        vec![self.next]
    }

    fn arrive(&self, _here: &mut Here<'_, '_>) -> Flow {
        Flow::Go(None, self.next)
    }
}
