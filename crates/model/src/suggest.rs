//! *Did you mean …?*: the known word nearest to what was written.

/// The candidate within a few keystrokes of `word`, if there is one; the nearest, ties to the earlier.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate, allowed), candidate))
        .filter(|(steps, _)| *steps <= allowed)
        .min_by_key(|(steps, _)| *steps)
        .map(|(_, candidate)| candidate)
}

/// ` Did you mean ‘x’?`, or nothing; made to be appended to a sentence.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    closest(word, candidates).map(|it| format!(" Did you mean `{it}`?")).unwrap_or_default()
}

/// How many letters to put in, leave out, replace or swap with their neighbour; anything above `limit` is `limit + 1`,
/// so that long words cost nothing.
fn distance(left: &str, right: &str, limit: usize) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    if left.len().abs_diff(right.len()) > limit {
        return limit + 1;
    }
    let at = |row: &[usize], n: usize| row.get(n).copied().unwrap_or(usize::MAX / 2);
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, r) in right.iter().enumerate() {
            let replaced = at(&above, j) + usize::from(!l.eq_ignore_ascii_case(r));
            let mut best = replaced.min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && left.get(i - 1) == Some(r) && right.get(j - 1) == Some(l);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_known_word_is_offered_and_strangers_are_not() {
        assert_eq!(closest("solution_intrest", ["solution_interest", "score"]), Some("solution_interest"));
        assert_eq!(closest("stae", ["state", "stage"]), Some("state"));
        assert_eq!(closest("nex", ["next", "type"]), Some("next"));
        assert_eq!(closest("emial", ["score", "email"]), Some("email"));
        assert_eq!(closest("colour", ["next", "type"]), None);
        assert_eq!(closest("", ["next"]), None);
    }
}
