//! What shares out: boxes of people, and variant splits.

use super::*;

impl World<'_> {
    /// People are assigned once; then path by path, action by action, person by person.
    pub(super) fn people_box(&mut self, at: usize, number: usize, paths: &[(Test, Vec<Act>)], other: Option<&[Act]>) {
        let mut taken: Vec<Vec<usize>> = vec![Vec::new(); paths.len() + 1];
        for person in self.people_of(at) {
            let path = paths.iter().position(|(test, _)| self.holds_person(test, person, &self.trips[at]));
            taken[path.unwrap_or(paths.len())].push(person);
        }
        let labels = (0..paths.len()).map(path_key).chain(["other".to_owned()]);
        let ways = paths.iter().map(|(_, acts)| Some(acts.as_slice())).chain([other]);
        let ways = labels.zip(ways).zip(taken).filter_map(|((label, acts), people)| Some((label, acts?, people)));
        self.take_ways(at, number, ways.collect());
    }

    /// The people of an account in their order: of each share as many whole people as it has, the last gets the rest; one
    /// person alone takes the first.
    pub(super) fn shares_box(&mut self, at: usize, number: usize, percents: &[i64], paths: &[Vec<Act>]) {
        let people = self.people_of(at);
        let mut rest = people.as_slice();
        let mut ways = Vec::new();
        for (n, (percent, acts)) in percents.iter().zip(paths).enumerate() {
            let whole = match people.len() {
                1 => usize::from(n == 0),
                _ if n + 1 == paths.len() => rest.len(),
                many => (many as i64 * percent / 100) as usize,
            };
            let (own, others) = rest.split_at(whole);
            rest = others;
            ways.push((share_key(n), acts.as_slice(), own.to_vec()));
        }
        self.take_ways(at, number, ways);
    }

    pub(super) fn take_ways(&mut self, at: usize, number: usize, ways: Vec<(String, &[Act], Vec<usize>)>) {
        let (n, node) = (self.trips[at].journey, self.name(at, Some(number)));
        let mut place = 0;
        for (label, acts, people) in ways {
            let many = people.len() as i64;
            self.figures[n].add(&format!("{node} path {label}"), many);
            for act in acts {
                let name = boxed_key(&node, place);
                place += 1;
                self.figures[n].add(&format!("{name} reached"), many);
                self.figures[n].add(&format!("{name} left"), many);
                for &person in &people {
                    self.act_on_person(at, &name, act, person);
                }
            }
        }
    }

    /// A variant split: the next account to the path that is due its turn first, a person by its key.
    pub(super) fn share_out(&mut self, at: usize, number: usize, percents: &[i64], nexts: &[Next]) -> Flow {
        let trip = &self.trips[at];
        let path = if self.case.journeys[trip.journey].of_people {
            let bucket = i64::from(
                murmur3(format!("{}:{}", self.traveller_key(at), journey_key(trip.journey)).as_bytes()) % 10_000,
            );
            let ends = percents.iter().scan(0, |sum, percent| {
                *sum += percent * 100;
                Some(*sum)
            });
            ends.take_while(|end| *end <= bucket).count()
        } else {
            let given = self.shared_out.entry((trip.journey, trip.version, number)).or_insert(vec![0; percents.len()]);
            let path = next_share(percents, given);
            given[path] += 1;
            path
        };
        Flow::Go(Some(share_key(path)), nexts[path])
    }
}

/// Among those that have less than their share of one more, the one that would have its next first.
fn next_share(percents: &[i64], given: &[i64]) -> usize {
    let next: i64 = given.iter().sum::<i64>() + 1;
    let lacking = (0..percents.len()).filter(|&n| given[n] * 100 < percents[n] * next);
    // (given + 1) / share, compared without fractions.
    lacking
        .min_by(|&a, &b| ((given[a] + 1) * percents[b]).cmp(&((given[b] + 1) * percents[a])).then(a.cmp(&b)))
        .expect("somebody has less than its share")
}

/// MurmurHash3, x86, 32 bits, seed 0.
pub(super) fn murmur3(bytes: &[u8]) -> u32 {
    let scrambled = |block: u32| block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let mut hash = 0_u32;
    let mut blocks = bytes.chunks_exact(4);
    for block in blocks.by_ref() {
        hash ^= scrambled(u32::from_le_bytes([block[0], block[1], block[2], block[3]]));
        hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    let rest = blocks.remainder().iter().rev().fold(0_u32, |rest, byte| rest << 8 | u32::from(*byte));
    if rest != 0 {
        hash ^= scrambled(rest);
    }
    hash ^= bytes.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

#[test]
fn the_hash_of_the_reference_is_the_published_one() {
    assert_eq!(murmur3(b"p-1:j-1"), 469_407_327);
    assert_eq!(murmur3(b""), 0);
}
