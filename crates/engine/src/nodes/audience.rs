//! The entry that every journey starts with.

use super::Step;
use crate::plan::Target;
use crate::walk::{Flow, Here};

/// The entry.
pub(crate) struct Audience {
    /// The first node.
    pub next: Target,
}

impl Step for Audience {
    fn targets(&self) -> Vec<Target> {
        vec![self.next]
    }

    fn arrive(&self, _here: &mut Here<'_, '_>) -> Flow {
        Flow::Go(None, self.next)
    }
}
