//! What becomes of buying groups and the places in them: every place is kept once, and of two the higher source decides;
//! of the same source the later one does.

use std::collections::{BTreeMap, BTreeSet};

use caravan_catalog::world::Source;
use caravan_model::attribute::Subject;
use caravan_model::{DocumentId, GroupId, PersonId, Shard};
use caravan_store::merge::{self as stored, GroupOfPair, PlaceRow};
use caravan_store::{Session, StoreError};

use super::Scene;

/// What was done to groups.
#[derive(Debug, Default)]
pub(super) struct United {
    /// Groups that changed their account.
    pub moved: u64,
    /// Groups that went into another.
    pub united: u64,
    /// Places that went over.
    pub members_moved: u64,
    /// Places of which there were two.
    pub members_decided: u64,
    /// Interests whose groups in a shard have other members now.
    pub touched: BTreeSet<(DocumentId, Shard)>,
}

impl Scene {
    pub(super) fn unite_groups(&self, s: &mut dyn Session) -> Result<United, StoreError> {
        match self.subject {
            Subject::Account => self.unite_groups_of_accounts(s),
            Subject::Person => self.unite_places_of_people(s),
        }
    }

    fn unite_places_of_people(&self, s: &mut dyn Session) -> Result<United, StoreError> {
        let (keep, gone) = (PersonId(self.pair.keep), PersonId(self.pair.gone));
        let mut done = United::default();
        let places = stored::places_of_people(s, &[keep.0, gone.0])?;
        for of_group in places.chunk_by(|one, next| one.group == next.group) {
            let mine = of_group.iter().find(|place| place.person == keep);
            let Some(other) = of_group.iter().find(|place| place.person == gone) else { continue };
            done.decide(s, mine, other, (other.group, keep))?;
        }
        Ok(done)
    }

    fn unite_groups_of_accounts(&self, s: &mut dyn Session) -> Result<United, StoreError> {
        let mut done = United::default();
        let groups = stored::groups_of(s, self.pair)?;
        for of_interest in groups.chunk_by(|one, next| one.interest == next.interest) {
            let of = |account: i64| of_interest.iter().find(|group| group.account == account);
            let Some(other) = of(self.pair.gone) else { continue };
            done.touched.insert((other.interest, self.pair.shard));
            match of(self.pair.keep) {
                None => {
                    stored::move_group(s, self.pair, other.id)?;
                    done.moved += 1;
                }
                Some(mine) => done.unite(s, mine, other)?,
            }
        }
        Ok(done)
    }
}

impl United {
    fn unite(&mut self, s: &mut dyn Session, mine: &GroupOfPair, other: &GroupOfPair) -> Result<(), StoreError> {
        let mut places: BTreeMap<PersonId, (Option<PlaceRow>, Option<PlaceRow>)> = BTreeMap::new();
        for place in stored::places_in(s, &[mine.id.0, other.id.0])? {
            let both = places.entry(place.person).or_default();
            if place.group == mine.id { both.0 = Some(place) } else { both.1 = Some(place) }
        }
        for (person, (kept, moved)) in places {
            if let Some(moved) = moved {
                self.decide(s, kept.as_ref(), &moved, (mine.id, person))?;
            }
        }
        stored::unite_groups(s, mine.id, other.id)?;
        self.united += 1;
        Ok(())
    }

    /// Puts a place where it belongs, unless the one that is there was decided by somebody higher, or later.
    fn decide(
        &mut self,
        s: &mut dyn Session,
        mine: Option<&PlaceRow>,
        other: &PlaceRow,
        to: (GroupId, PersonId),
    ) -> Result<(), StoreError> {
        self.touched.insert((other.interest, mine.map_or(other.shard, |place| place.shard)));
        let from = (other.group, other.person);
        match mine {
            Some(mine) => {
                self.members_decided += 1;
                if weight(other) > weight(mine) { stored::move_place(s, from, to) } else { stored::drop_place(s, from) }
            }
            None => {
                self.members_moved += 1;
                stored::move_place(s, from, to)
            }
        }
    }
}

fn weight(place: &PlaceRow) -> (Source, jiff::Timestamp) {
    (Source::from_stored(&place.source), place.changed_at)
}
