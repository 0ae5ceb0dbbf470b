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

/// Edits between two words; anything above `limit` is reported as `limit + 1`, so that long input costs nothing.
fn distance(left: &str, right: &str, limit: usize) -> usize {
    let right: Vec<char> = right.chars().collect();
    if left.chars().count().abs_diff(right.len()) > limit {
        return limit + 1;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        for (cell, r) in row.iter_mut().skip(1).zip(&right) {
            let above = *cell;
            *cell = (diagonal + usize::from(!l.eq_ignore_ascii_case(r))).min(above + 1).min(before + 1);
            diagonal = above;
            before = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_known_word_is_offered_and_strangers_are_not() {
        assert_eq!(closest("solution_intrest", ["solution_interest", "score"]), Some("solution_interest"));
        assert_eq!(closest("stae", ["state", "stage"]), Some("state"));
        assert_eq!(closest("nex", ["next", "type"]), Some("next"));
        assert_eq!(closest("colour", ["next", "type"]), None);
        assert_eq!(closest("", ["next"]), None);
    }
}
