//! Repeatable randomness for sample data. Not for secrets, ids or anything that a journey decides.

/// SplitMix64 (Steele, Lea, Flood 2014): eight bytes of state, one multiplication chain a number, integers only, so that
/// every machine draws the same numbers.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

/// What a stream of numbers is for; so that one thing's numbers never move when another draws one more.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    Size = 1,
    Account = 2,
    Name = 3,
    Person = 4,
    Share = 5,
    Opportunities = 6,
    Opportunity = 7,
}

impl SplitMix64 {
    /// A generator that starts at this seed.
    pub fn new(seed: u64) -> Self {
        SplitMix64(seed)
    }

    /// The stream of one purpose for one account and person.
    pub(super) fn of(seed: u64, stream: Stream, account: u64, person: u64) -> Self {
        let mut start = SplitMix64(seed);
        for part in [stream as u64, account, person] {
            start = SplitMix64(start.next() ^ part);
        }
        start
    }

    /// The next 64 bits.
    #[allow(clippy::should_implement_trait, reason = "an endless generator, not an iterator that ends")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, evenly; 0 when the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True this many times in a hundred.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of the given, evenly.
    ///
    /// # Panics
    /// When there is nothing to pick from; the lists are tables in the code.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// One of the given, each as often as its weight says.
    ///
    /// # Panics
    /// When there is nothing to pick from, or no weight above zero.
    pub(super) fn pick_weighted<'a, T>(&mut self, from: &'a [T], weight: impl Fn(&T) -> u64) -> &'a T {
        let mut rest = self.below(from.iter().map(&weight).sum());
        for one in from {
            match rest.checked_sub(weight(one)) {
                Some(less) => rest = less,
                None => return one,
            }
        }
        panic!("a weighted list without weight")
    }
}
