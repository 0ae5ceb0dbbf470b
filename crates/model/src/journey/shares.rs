//! How a variant split shares out: accounts by quota, the people of an account in one batch, people by their key.
//!
//! Shares are whole percentages that add up to 100; the checks see to that before anything is published.

/// Buckets that keys fall into; a percent is a hundred of them.
const BUCKETS: u32 = 10_000;

/// The paths that a hundred travellers take one after another; then it begins again.
///
/// Of the paths whose count is below their share of the travellers so far, the one takes the next traveller whose
/// deadline `(count + 1) / share` is the earliest, ties to the earlier path. So after every traveller each path is within
/// one of its exact share; giving to the path furthest below its share is not enough (1, 2, 5, 74 and 18 drift by 1.42).
pub fn quota_sequence(percents: &[i64]) -> Vec<usize> {
    let mut counts = vec![0_i64; percents.len()];
    let mut sequence = Vec::with_capacity(100);
    for n in 0..100_i64 {
        // In hundredths: `counts < share * (n + 1)`, and deadlines compared by cross-multiplying.
        let behind = (0..percents.len()).filter(|&path| counts[path] * 100 < percents[path] * (n + 1));
        let next = behind.reduce(|best, path| {
            let earlier = (counts[path] + 1) * percents[best] < (counts[best] + 1) * percents[path];
            if earlier { path } else { best }
        });
        let Some(next) = next else { break };
        counts[next] += 1;
        sequence.push(next);
    }
    sequence
}

/// How many of an account's `n` people take each path: the whole part of each share in order, the rest the last path.
/// A single person takes the first.
pub fn batch_counts(percents: &[i64], n: usize) -> Vec<usize> {
    let mut counts = vec![0; percents.len()];
    if let ([first, ..], 1) = (counts.as_mut_slice(), n) {
        *first = 1;
        return counts;
    }
    let mut left = n;
    for (count, percent) in counts.iter_mut().zip(percents) {
        let whole = usize::try_from(*percent).unwrap_or(0).saturating_mul(n) / 100;
        *count = whole.min(left);
        left -= *count;
    }
    if let Some(last) = counts.last_mut() {
        *last += left;
    }
    counts
}

/// The path of a person in a person journey: the same whenever the same person comes to the same journey.
pub fn path_of_key(percents: &[i64], person: &str, journey: &str) -> usize {
    let bucket = i64::from(bucket(person, journey));
    let mut upto = 0;
    for (path, percent) in percents.iter().enumerate() {
        upto += percent * i64::from(BUCKETS) / 100;
        if bucket < upto {
            return path;
        }
    }
    percents.len().saturating_sub(1)
}

/// The bucket, 0 to 9999, of a traveller in a journey.
pub fn bucket(traveller: &str, journey: &str) -> u32 {
    murmur3(format!("{traveller}:{journey}").as_bytes()) % BUCKETS
}

/// MurmurHash3, x86, 32 bits, seed 0.
fn murmur3(bytes: &[u8]) -> u32 {
    const C1: u32 = 0xcc9e_2d51;
    const C2: u32 = 0x1b87_3593;
    let scramble = |block: u32| block.wrapping_mul(C1).rotate_left(15).wrapping_mul(C2);
    let mut hash = 0_u32;
    let mut blocks = bytes.chunks_exact(4);
    for block in &mut blocks {
        let block = block.iter().rev().fold(0_u32, |word, &byte| word << 8 | u32::from(byte));
        hash = (hash ^ scramble(block)).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    let tail = blocks.remainder().iter().rev().fold(0_u32, |word, &byte| word << 8 | u32::from(byte));
    hash ^= scramble(tail);
    // The length is part of the hash; keys are far shorter than 4 GiB.
    hash ^= bytes.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        // Public test vectors of MurmurHash3 x86 32-bit with seed 0, and the one that journeys are specified by.
        assert_eq!(murmur3(b""), 0);
        assert_eq!(murmur3(b"test"), 0xba6b_d213);
        assert_eq!(murmur3(b"Hello, world!"), 0xc036_3e43);
        assert_eq!(murmur3(b"p-1:j-1"), 469_407_327);
        assert_eq!(bucket("p-1", "j-1"), 7_327);
    }

    #[test]
    fn a_person_takes_the_path_in_whose_range_its_bucket_falls() {
        assert_eq!(path_of_key(&[73, 27], "p-1", "j-1"), 1, "7327 is the 28th bucket of the second range");
        assert_eq!(path_of_key(&[74, 26], "p-1", "j-1"), 0);
        assert_eq!(path_of_key(&[50, 23, 27], "p-1", "j-1"), 2);
    }

    #[test]
    fn the_people_of_an_account_are_shared_out_in_order_and_the_rest_goes_last() {
        assert_eq!(batch_counts(&[50, 50], 1), [1, 0], "a single person takes the first path");
        assert_eq!(batch_counts(&[50, 50], 3), [1, 2]);
        assert_eq!(batch_counts(&[33, 33, 34], 10), [3, 3, 4]);
        assert_eq!(batch_counts(&[90, 10], 5), [4, 1]);
        assert_eq!(batch_counts(&[50, 50], 0), [0, 0]);
    }

    fn shares() -> impl Strategy<Value = Vec<i64>> {
        proptest::collection::vec(1_u32..1_000, 2..=20).prop_map(|weights| {
            // 1 to 99 each, 100 together: one each, the rest by weight.
            let rest = 100 - weights.len() as i64;
            let sum: i64 = weights.iter().map(|&w| i64::from(w)).sum();
            let mut shares: Vec<i64> = weights.iter().map(|&w| 1 + i64::from(w) * rest / sum).collect();
            shares[0] += 100 - shares.iter().sum::<i64>();
            shares
        })
    }

    proptest! {
        #[test]
        fn after_every_traveller_each_path_is_within_one_of_its_share(shares in shares()) {
            let sequence = quota_sequence(&shares);
            prop_assert_eq!(sequence.len(), 100);
            let mut counts = vec![0_i64; shares.len()];
            for (n, path) in (1_i64..).zip(sequence) {
                counts[path] += 1;
                for (count, share) in counts.iter().zip(&shares) {
                    prop_assert!((count * 100 - share * n).abs() < 100, "{counts:?} of {shares:?} after {n}");
                }
            }
            prop_assert_eq!(counts, shares);
        }

        #[test]
        fn everybody_of_an_account_takes_some_path(shares in shares(), n in 0_usize..500) {
            prop_assert_eq!(batch_counts(&shares, n).iter().sum::<usize>(), n);
        }
    }

    #[test]
    fn the_shares_that_drift_by_furthest_below_do_not_drift() {
        let sequence = quota_sequence(&[1, 2, 5, 74, 18]);
        assert_eq!(sequence.len(), 100);
        assert_eq!(&sequence[..4], [3, 3, 3, 4]);
    }
}
