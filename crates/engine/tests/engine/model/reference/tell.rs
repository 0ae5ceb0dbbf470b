//! The outcome, told in the words that both sides share.

use super::*;

impl World<'_> {
    pub(super) fn tell(self) -> Final {
        let mut end = Final::default();
        for trip in &self.trips {
            let of_people = self.case.journeys[trip.journey].of_people;
            let key = if of_people { person_key(trip.traveller) } else { account_key(trip.traveller) };
            let node = trip.node.map_or_else(|| "audience".to_owned(), |node| node_key(trip.version, node));
            end.trips.insert(
                (journey_key(trip.journey), key, trip.entry),
                Told {
                    entered_at: trip.entered_at,
                    node,
                    node_at: trip.node_at,
                    ended: trip.ended.map(|(at, outcome)| (at, outcome.to_owned())),
                    stays: trip.stays.clone(),
                },
            );
        }
        let in_words = |(journey, traveller, entry, node, person): &Mail| {
            let of_people = self.case.journeys[*journey].of_people;
            let traveller = if of_people { person_key(*traveller) } else { account_key(*traveller) };
            format!("{} {traveller}/{entry} {node} {}", journey_key(*journey), person_key(*person))
        };
        end.mails = self.mails.iter().map(|(mail, times)| (in_words(mail), *times)).collect();
        end.fates = self.fates.iter().map(|(mail, fate)| (in_words(mail), (*fate).to_owned())).collect();
        for (n, figures) in self.figures.into_iter().enumerate() {
            end.figures.insert(journey_key(n), figures.without_zeros());
        }
        for (n, account) in self.accounts.iter().enumerate() {
            end.accounts.insert(
                account_key(n),
                format!("{:?} {:?} {:?}", account.employees, account.industry, account.shelved),
            );
        }
        for (n, person) in self.people.iter().enumerate() {
            end.people.insert(person_key(n), format!("{:?} {}", person.department, self.scores[n]));
        }
        end.told = self.told.into_iter().map(|((what, whom), times)| (format!("{what} of {whom}"), times)).collect();
        end
    }
}
