//! Whether a visit is before treatment or after it, by what its session means or is called, and which of two is earlier.
//!
//! Words are plain where nothing beside them may turn them: "before the first dose" is, "before the last dose" and "week 13, pre-dose" are not. Numbers of one unit say which is
//! earlier ("visit 5", "visit 1"); one that is 0 or less of days, weeks, months or years leans to before treatment, one above 1 to after it.

use super::words::{Part, parts};

/// What the names of visits before treatment hold.
const FIRST: [&str; 5] = ["baseline", "screening", "enrolment", "enrollment", "runin"];
/// Words with which a meaning names another visit than its own: "13 weeks after baseline".
const TURNING: [&str; 6] = ["after", "since", "from", "post", "follow", "change"];
/// What stands before and after the start of treatment.
const BEFORE: [&str; 3] = ["before", "prior", "pre"];
const AFTER: [&str; 3] = ["after", "post", "following"];
/// What may stand between these and what is meant.
const BETWEEN: [&str; 13] = [
    "the",
    "of",
    "to",
    "any",
    "first",
    "study",
    "trial",
    "active",
    "start",
    "starting",
    "beginning",
    "initiation",
    "onset",
];
/// What is meant: the start of treatment, or what goes with it.
const TREATMENT: [&str; 14] = [
    "treatment",
    "drug",
    "dose",
    "dosing",
    "medication",
    "intervention",
    "therapy",
    "surgery",
    "injection",
    "infusion",
    "randomisation",
    "randomization",
    "baseline",
    "administration",
];
/// Behind these it is its end.
const END: [&str; 10] = [
    "end",
    "ends",
    "ended",
    "stop",
    "stops",
    "stopped",
    "discontinuation",
    "withdrawal",
    "completion",
    "cessation",
];
/// Units of time, and how else they are written.
const TIMES: [(&str, &[&str]); 4] = [
    ("day", &["day", "days", "d"]),
    ("week", &["week", "weeks", "wk", "wks", "w"]),
    ("month", &["month", "months", "mo", "mth"]),
    ("year", &["year", "years", "yr", "y"]),
];

/// Before treatment or after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// What a text says of a visit.
struct Said {
    /// Where words say it and nothing turns them.
    plain: Option<Side>,
    /// Where words or numbers make it likely.
    leans: Option<Side>,
    /// Whether words as [`FIRST`] say so.
    is_first: bool,
    /// With their units; of none an empty one.
    numbers: Vec<(String, f64)>,
}

/// What is to be thought of two visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The endpoint is before treatment, and the baseline is not.
    Turned,
    /// It may be.
    Doubtful,
    /// Nothing speaks against them.
    Good,
}

/// The order of two visits by what is said of each.
pub(super) fn order(baseline: &str, endpoint: &str) -> Order {
    let [first, last] = [baseline, endpoint].map(said);
    let is = |of: &Said, side: Side| of.plain == Some(side) || of.leans == Some(side);
    if last.plain == Some(Side::Before)
        && (is(&first, Side::After) || last.is_first && !is(&first, Side::Before))
    {
        return Order::Turned;
    }
    if is(&first, Side::Before) && is(&last, Side::After) {
        return Order::Good; // whatever else has numbers, such as scanners
    }
    // An endpoint before treatment is none, whatever the baseline.
    let is_early = last.plain == Some(Side::Before)
        || last.leans == Some(Side::Before) && !is(&first, Side::Before);
    let is_late = first.plain == Some(Side::After) && !is(&last, Side::After);
    match is_early || is_late || are_reversed(&first.numbers, &last.numbers) {
        true => Order::Doubtful,
        false => Order::Good,
    }
}

/// Whether two meanings are plainly of two visits: the one before treatment and the other after it, or at other numbers of one unit.
pub(super) fn are_apart(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(said);
    let side = |of: &Said| of.plain.or(of.leans);
    let are_sides = side(&one).zip(side(&other)).is_some_and(|(one, other)| one != other);
    let shared = |(unit, number): &(String, f64)| {
        let same = other.numbers.iter().find(|(own, _)| own == unit && !unit.is_empty())?;
        Some(same.1 == *number)
    };
    let shared: Vec<bool> = one.numbers.iter().filter_map(shared).collect();
    are_sides || !shared.is_empty() && !shared.contains(&true)
}

/// Whether numbers of one unit fall, and none rise.
fn are_reversed(first: &[(String, f64)], last: &[(String, f64)]) -> bool {
    let of_unit = |(unit, number): &(String, f64)| {
        let other = last.iter().find(|(own, _)| own == unit)?;
        other.1.partial_cmp(number)
    };
    let all: Vec<_> = first.iter().filter_map(of_unit).collect();
    all.iter().any(|order| order.is_lt()) && !all.iter().any(|order| order.is_gt())
}

fn said(text: &str) -> Said {
    let parts = parts(text);
    let words: Vec<&str> = parts.iter().filter_map(word).collect();
    let joined = words.concat();
    let is_first = FIRST.iter().any(|own| joined.contains(own)) || words == ["bl"];
    let numbers = numbers(&parts);
    let times: Vec<f64> = numbers
        .iter()
        .filter(|(unit, _)| TIMES.iter().any(|(own, _)| own == unit))
        .map(|(_, number)| *number)
        .collect();
    let is_late = times.iter().any(|number| *number > 1.0);
    let (before, after) = (stands(&words, &BEFORE), stands(&words, &AFTER));
    let is_turned = TURNING.iter().any(|own| joined.contains(own));
    let is_end =
        words.windows(3).any(|own| own[..2] == ["end", "of"] && TREATMENT.contains(&own[2]));
    let plain = match (is_first || before, after || is_end) {
        (true, _) if !is_turned && !is_late => Some(Side::Before),
        (_, true) if !before => Some(Side::After),
        _ => None,
    };
    let leans = match () {
        () if plain.is_some() => None,
        () if is_late => Some(Side::After),
        () if times.iter().any(|number| *number <= 0.0) => Some(Side::Before),
        () => None,
    };
    Said { plain, leans, is_first, numbers }
}

fn word(part: &Part) -> Option<&str> {
    match part {
        Part::Word(own) => Some(own),
        _ => None,
    }
}

/// Whether one of these words stands alone at the end, or before the start of treatment, in one word with it or not.
fn stands(words: &[&str], these: &[&str]) -> bool {
    let is_start = |words: &[&str]| {
        let rest =
            words.iter().position(|own| !BETWEEN.contains(own)).map_or(&[][..], |n| &words[n..]);
        match rest {
            [] => true,
            [what, rest @ ..] => {
                TREATMENT.contains(what) && !rest.first().is_some_and(|own| END.contains(own))
            }
        }
    };
    (0..words.len()).any(|at| {
        these.iter().any(|own| match words[at].strip_prefix(own) {
            Some("") => is_start(&words[at + 1..]),
            Some(rest) => {
                TREATMENT.contains(&rest) && !words.get(at + 1).is_some_and(|own| END.contains(own))
            }
            None => false,
        })
    })
}

/// The numbers with the units beside them; those of a time before something are below 0 ("12 weeks before surgery").
fn numbers(parts: &[Part]) -> Vec<(String, f64)> {
    let time = |part: Option<&Part>| {
        let own = part.and_then(word)?;
        TIMES.iter().find(|(_, all)| all.contains(&own)).map(|(unit, _)| (*unit).to_owned())
    };
    let of = |at: usize| match parts[at] {
        Part::Number(number) => {
            let before = at.checked_sub(1).and_then(|at| parts.get(at));
            let unit = time(before).or_else(|| time(parts.get(at + 1)));
            let named = || before.and_then(word).unwrap_or_default().to_owned();
            let is_before = time(parts.get(at + 1)).is_some()
                && parts.get(at + 2).and_then(word).is_some_and(|own| BEFORE.contains(&own));
            let number = if is_before { -number.abs() } else { number };
            Some((unit.unwrap_or_else(named), number))
        }
        _ => None,
    };
    (0..parts.len()).filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::{Order, order};

    #[test]
    fn visits_whose_meanings_plainly_contradict_the_plan_are_turned_and_what_may_be_either_is_in_doubt()
     {
        for (baseline, endpoint, want) in [
            ("after treatment", "before treatment", Order::Turned),
            ("week 13", "baseline", Order::Turned),
            ("week 13", "pre-treatment", Order::Turned),
            ("week 13", "Pre Treatment", Order::Turned),
            ("week 13", "pretreatment", Order::Turned),
            ("week 13", "before the first dose", Order::Turned),
            ("week 13", "prior to randomisation", Order::Turned),
            ("week 13", "Run-in", Order::Turned),
            ("post-treatment", "run in", Order::Turned),
            ("13 weeks after baseline", "baseline", Order::Turned),
            ("post", "pre", Order::Turned),
            ("visit", "screening", Order::Turned),
            ("end of treatment", "Screening", Order::Turned),
            ("Week 13", "Baseline, day 1", Order::Turned),
            ("week 13", "day -7", Order::Doubtful),
            ("week 13", "week 0", Order::Doubtful),
            ("visit 5", "visit 1", Order::Doubtful),
            ("Visit 4 (week 13)", "Visit 2 (week 0)", Order::Doubtful),
            ("5", "1", Order::Doubtful),
            ("after treatment", "V2", Order::Doubtful),
            ("visit", "before treatment", Order::Doubtful),
            // Right plans.
            ("before treatment", "after treatment", Order::Good),
            ("day -7", "week 13", Order::Good),
            ("week 0", "week 13", Order::Good),
            ("baseline", "13 weeks after baseline", Order::Good),
            ("baseline", "13 weeks, change from baseline", Order::Good),
            ("baseline", "week 13, pre-dose", Order::Good),
            ("week 1, pre-dose", "week 13, pre-dose", Order::Good),
            ("after randomisation", "before the last dose", Order::Doubtful),
            ("after randomisation", "before treatment ends", Order::Doubtful),
            ("after randomisation", "week 13, before treatment ends", Order::Good),
            ("screening", "end of treatment", Order::Good),
            ("run-in", "follow-up", Order::Good),
            ("visit 1", "visit 5", Order::Good),
            ("Visit 2 (week 0)", "Visit 4 (week 13)", Order::Good),
            ("start", "13 weeks, compared with baseline", Order::Good),
            ("visit", "last visit", Order::Good),
            ("day 1", "day-7", Order::Good),
            ("12 weeks before surgery", "6 weeks after surgery", Order::Good),
            ("2 weeks before", "1 week after", Order::Good),
            ("baseline, 3 T scanner 2", "week 13, scanner 1", Order::Good),
            ("6 weeks after surgery", "12 weeks before surgery", Order::Turned),
            ("screening", "baseline", Order::Doubtful),
            ("run-in", "baseline visit", Order::Doubtful),
        ] {
            assert_eq!(order(baseline, endpoint), want, "{baseline} / {endpoint}");
        }
    }
}
