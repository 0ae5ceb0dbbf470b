//! Writing what was decided, everything set-based, in the one transaction.

use caravan_store::step::{self, EnrollmentRow};
use caravan_store::{Dialect, Session};

use super::{Batch, Report, StepError};

impl Batch<'_> {
    pub(super) fn save(mut self, s: &mut dyn Session) -> Result<Report, StepError> {
        self.name_nodes();
        self.save_trips(s)?;
        if let Some(world) = self.world.take() {
            let heard = crate::save::changes(s, self.live, self.claim, world.changes)?;
            self.report.effects = heard.effects;
            self.inbox_out.extend(heard.inbox);
        }
        self.tell_settled(s)?;
        let heard = crate::save::activities(s, self.live, self.claim, &self.told)?;
        self.inbox_out.extend(heard);
        self.counters.save(s)?;
        self.turns.save(s)?;
        // Nobody else writes the tallies of a shard that this step holds.
        let slot = match s.dialect() {
            Dialect::Sqlite => 0,
            Dialect::Postgres => self.claim.shards.iter().map(|shard| shard.0).min().unwrap_or(0),
        };
        let tallies = std::mem::take(&mut self.tallies).into_rows();
        step::add_tallies(s, slot, &tallies)?;
        std::mem::take(&mut self.jobs_done).save(s, self.claim.now)?;
        step::insert_inbox(s, &self.inbox_out)?;
        step::delete_inbox(s, &self.consumed)?;
        for (id, body) in &self.continued {
            step::continue_inbox(s, *id, body)?;
        }
        step::release(s, self.claim)?;
        Ok(self.report)
    }

    /// Records of consent outlive the versions whose nodes have numbers.
    fn name_nodes(&mut self) {
        let Some(world) = &mut self.world else { return };
        for said in &mut world.changes.consents {
            let Some((trip, node)) = said.node else { continue };
            let traveller = self.place.get(&trip).and_then(|at| self.travellers.get(*at));
            said.evidence.extend(traveller.map(|it| ("node", it.plan.node(node).id.clone())));
        }
    }

    fn save_trips(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
        self.note_problems(s)?;
        let stored = self.stored_seqs.len();
        let new = self.travellers.split_off(stored);
        let mut rows = Vec::with_capacity(stored);
        let mut seqs = Vec::with_capacity(stored);
        for (traveller, seq) in std::mem::take(&mut self.travellers).into_iter().zip(&self.stored_seqs) {
            if traveller.row.seq != *seq || self.touched.contains(&traveller.row.id) {
                seqs.push(*seq);
                rows.push(traveller.row);
            }
        }
        let order = sorted_by_id(&rows);
        let rows: Vec<EnrollmentRow> = order.iter().map(|&at| rows[at].clone()).collect();
        let seqs: Vec<i64> = order.iter().map(|&at| seqs[at]).collect();
        let new: Vec<EnrollmentRow> = new.into_iter().map(|t| t.row).collect();
        self.report.enrollments = rows.len() + new.len();
        step::update_enrollments(s, &rows, &seqs)?;
        step::insert_enrollments(s, &new)?;
        let mut moves = std::mem::take(&mut self.moves);
        moves.sort_by_key(|row| (row.enrollment, row.seq));
        step::insert_moves(s, &moves)?;
        Ok(())
    }
}

fn sorted_by_id(rows: &[EnrollmentRow]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&at| rows[at].id);
    order
}
