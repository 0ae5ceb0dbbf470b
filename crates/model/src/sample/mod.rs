//! Deterministic sample data in the shape of import files: invented companies and the people who work there.
//!
//! The same seed gives the same rows on every machine and in every release that does not say otherwise. Each account
//! and each person is drawn from a stream of its own, so rows can be made one by one without holding the others, and
//! a larger sample begins with the smaller one's rows. Every name is invented; addresses end in `.example`.

mod companies;
mod jobs;
mod opportunities;
mod people;
mod places;
mod random;
mod row;

pub use random::SplitMix64;
pub use row::{AccountRow, Cell, OpportunityRow, PersonRow};

use random::Stream;

/// A sample: how many accounts, how many people in each on average, and the seed that everything follows from.
///
/// ```
/// use caravan_model::sample::Sample;
/// let sample = Sample { accounts: 220, people_per_account: 8, seed: 1 };
/// assert_eq!(sample.accounts().count(), 220);
/// assert_eq!(sample.accounts().next(), sample.accounts().next());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Number of accounts.
    pub accounts: u64,
    /// People per account on average. Accounts differ widely: one in twenty has nobody, one in twenty five times the mean.
    pub people_per_account: u64,
    /// Everything follows from this number.
    pub seed: u64,
}

/// How many people an account has, in hundredths of the mean: twenty kinds of account, equally frequent, 100 on average.
/// Few large accounts hold most of the people, as in real books of business.
const SIZES: [u64; 20] = [0, 5, 10, 15, 20, 25, 30, 35, 40, 50, 60, 70, 80, 90, 110, 130, 170, 220, 310, 530];

impl Sample {
    /// The accounts, in the order of their keys.
    pub fn accounts(&self) -> impl Iterator<Item = AccountRow> + use<> {
        let sample = *self;
        (0..sample.accounts).map(move |account| companies::account(&sample, account))
    }

    /// The people, account by account. About one in forty shares the email address of a person of another account.
    pub fn people(&self) -> impl Iterator<Item = PersonRow> + use<> {
        let sample = *self;
        (0..sample.accounts).flat_map(move |account| sample.people_of(account))
    }

    /// The people of one account, counted from zero.
    pub fn people_of(&self, account: u64) -> impl Iterator<Item = PersonRow> + use<> {
        let sample = *self;
        (0..sample.size_of(account)).map(move |person| people::person(&sample, account, person))
    }

    /// The opportunities, account by account.
    pub fn opportunities(&self) -> impl Iterator<Item = OpportunityRow> + use<> {
        let sample = *self;
        let of = move |account| (0..opportunities::count(&sample, account)).map(move |number| (account, number));
        (0..sample.accounts)
            .flat_map(of)
            .map(move |(account, number)| opportunities::opportunity(&sample, account, number))
    }

    /// Number of people in an account.
    pub fn size_of(&self, account: u64) -> u64 {
        let mut random = self.stream(Stream::Size, account, 0);
        let hundredths = self.people_per_account * random.pick(&SIZES);
        let rounded_up = random.below(100) < hundredths % 100;
        hundredths / 100 + u64::from(rounded_up)
    }

    fn stream(&self, stream: Stream, account: u64, person: u64) -> SplitMix64 {
        SplitMix64::of(self.seed, stream, account, person)
    }
}

#[cfg(test)]
mod tests;
