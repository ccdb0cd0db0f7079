//! Volumes that are left out of a run's fit: which, how many by what, and what is to be said of so many.

use crate::report::notes::{Kind, Note};

/// Stretches of volumes that a line lists.
const LISTED: usize = 8;
/// Of a run that loses more than this share of its volumes little is left.
const LOST: f64 = 1.0 / 3.0;

/// In a line: `7, 20 to 22: framewise displacement 3, beside one of these 1`; `none`.
pub(super) fn line(left_out: &[(usize, String)]) -> String {
    if left_out.is_empty() {
        return "none".to_owned();
    }
    let volumes: Vec<usize> = left_out.iter().map(|(volume, _)| *volume).collect();
    let stretches = volumes.chunk_by(|a, b| a + 1 == *b);
    let all: Vec<String> = stretches
        .map(|stretch| match stretch {
            [first, .., last] => format!("{first} to {last}"),
            one => one[0].to_string(),
        })
        .collect();
    let more = match all.len().saturating_sub(LISTED) {
        0 => "",
        _ => ", ...",
    };
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for reason in left_out.iter().flat_map(|(_, why)| why.split(", ")) {
        match kinds.iter_mut().find(|(kind, _)| *kind == kind_of(reason)) {
            Some((_, n)) => *n += 1,
            None => kinds.push((kind_of(reason), 1)),
        }
    }
    let kinds: Vec<String> = kinds.into_iter().map(|(kind, n)| format!("{kind} {n}")).collect();
    format!("{}{more}: {}", all[..all.len().min(LISTED)].join(", "), kinds.join(", "))
}

/// A reason without its numbers.
fn kind_of(reason: &str) -> &str {
    match reason.find(|letter: char| letter.is_ascii_digit()) {
        Some(0) => "beside one of these",
        _ if reason.starts_with("in a stretch") => "in a short stretch",
        Some(at) => reason[..at].trim_end(),
        None => reason,
    }
}

/// Whether a run that loses this share of its volumes is one of which little is left.
#[must_use]
pub fn loses_much(share: f64) -> bool {
    share > LOST
}

/// What is said of a run of `n` volumes that loses some; nothing of one that loses none.
#[must_use]
pub fn note(run: &str, n_left_out: usize, n: usize) -> Option<Note> {
    let lost = n_left_out as f64 / n.max(1) as f64;
    match n_left_out {
        0 => None,
        _ if loses_much(lost) => {
            let text = format!("{run} loses {:.0} % of its volumes", 100.0 * lost);
            Some(Note::new(Kind::Serious, text))
        }
        _ => {
            let text = format!("{run}: {n_left_out} of {n} volumes are left out");
            Some(Note::new(Kind::Info, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_stretches_of_volumes_and_how_many_each_rule_leaves_out() {
        let all = [
            (0, "before the steady state"),
            (6, "1 before volume 7"),
            (7, "framewise displacement 0.912 mm, standardised DVARS 2.100"),
            (8, "1 after volume 7"),
            (9, "in a stretch of 1 kept"),
            (20, "framewise displacement 0.900 mm"),
        ];
        let all: Vec<(usize, String)> = all.map(|(at, why)| (at, why.to_owned())).to_vec();
        assert_eq!(
            line(&all),
            "0, 6 to 9, 20: before the steady state 1, beside one of these 2, framewise displacement 2, standardised DVARS 1, in a short stretch 1"
        );
        assert_eq!(line(&[]), "none");
        let many: Vec<(usize, String)> = (0..20).map(|k| (2 * k, "listed".to_owned())).collect();
        assert_eq!(line(&many), "0, 2, 4, 6, 8, 10, 12, 14, ...: listed 20");
    }

    #[test]
    fn who_loses_more_than_a_third_is_told_first() {
        let of =
            |n_left_out: usize| note("sub-01", n_left_out, 30).map(|note| (note.kind, note.text));
        assert_eq!(of(0), None);
        let few = "sub-01: 10 of 30 volumes are left out".to_owned();
        assert_eq!(of(10), Some((Kind::Info, few)));
        assert_eq!(of(11), Some((Kind::Serious, "sub-01 loses 37 % of its volumes".to_owned())));
    }
}
