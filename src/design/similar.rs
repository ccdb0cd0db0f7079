//! The name somebody probably meant.

use super::quoted;

/// Of more different names none is a slip.
const MOST_COUNTED: usize = 200;

/// The closest of `names` by edit distance (case ignored), if it is close enough to be a slip: at most a third of the
/// letters, at least 1 and at most 3. The first in order wins a tie.
#[must_use]
pub fn closest<'a>(wanted: &str, names: &'a [String]) -> Option<&'a str> {
    let wanted: Vec<char> = wanted.to_lowercase().chars().take(64).collect();
    let allowed = (wanted.len() / 3).clamp(1, 3);
    let distance = |name: &String| {
        let name: Vec<char> = name.to_lowercase().chars().take(68).collect();
        edit_distance(&wanted, &name)
    };
    names
        .iter()
        .map(|name| (distance(name), name))
        .min_by_key(|(d, _)| *d)
        .filter(|(d, _)| *d <= allowed)
        .map(|(_, name)| name.as_str())
}

/// What to say where a table lacks one of some columns and has one of nearly its name.
#[must_use]
pub fn misnamed(wanted: &[&str], there: &[String]) -> Option<String> {
    let is_absent = |name: &&&str| !there.iter().any(|own| own == **name);
    // Any letter is nearly x.
    let is_word = |name: &&&str| name.len() > 2;
    wanted.iter().filter(is_absent).filter(is_word).find_map(|name| {
        closest(name, there)
            .filter(|near| !wanted.contains(near))
            .map(|near| format!("is its column '{near}' meant as {name}? then rename it"))
    })
}

/// Whether two texts are one number: 1, 01 and a spreadsheet's 1.0.
#[must_use]
pub fn are_one_number(one: &str, other: &str) -> bool {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    number(one).is_some_and(|own| number(other) == Some(own))
}

/// What is the same of all spellings of a name: of a number the number, else small letters.
#[must_use]
pub fn spelling(name: &str) -> String {
    let number = name.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    number.map_or_else(|| name.to_lowercase(), |number| number.to_string())
}

/// Two names that may be one, and what they do to be taken for two: they differ in case alone, or are one number.
#[must_use]
pub fn alike(names: &[String]) -> Option<([&str; 2], &'static str)> {
    let how =
        |one: &str, other: &str| match (one.to_lowercase() == other.to_lowercase(), one == other) {
            (_, true) => None,
            (true, false) => Some("differ in case alone"),
            (false, false) => are_one_number(one, other).then_some("are one number"),
        };
    names.iter().enumerate().find_map(|(at, one)| {
        let mut later = names[at + 1..].iter();
        later.find_map(|other| Some(([one.as_str(), other.as_str()], how(one, other)?)))
    })
}

/// A name that stands for few and is one letter from a name that stands for many, which may be one, each with its number: of the names of rows. Digits,
/// and a last letter, tell names apart on purpose (`run1`, `group_b`), and so does what stands before one (`typical`, `atypical`).
#[must_use]
pub fn rare_slip(of_rows: &[String]) -> Option<[(&str, usize); 2]> {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for name in of_rows {
        match counted.iter().position(|(own, _)| own == name) {
            Some(at) => counted[at].1 += 1,
            None if counted.len() < MOST_COUNTED => counted.push((name, 1)),
            None => return None,
        }
    }
    let is_slip = |one: &str, other: &str| {
        let [a, b] = [one, other].map(|name| name.to_lowercase().chars().collect::<Vec<char>>());
        let bare = |name: &[char]| name.iter().filter(|c| !c.is_ascii_digit()).collect::<String>();
        a.len().min(b.len()) > 3
            && bare(&a) != bare(&b)
            && a[..a.len() - 1] != b[..b.len() - 1]
            && !a.ends_with(&b)
            && !b.ends_with(&a)
            && edit_distance(&a, &b) == 1
    };
    counted.iter().find_map(|&(one, few)| {
        let is_it = |(other, many): &&(&str, usize)| 2 * few <= *many && is_slip(one, other);
        let near = counted.iter().find(is_it)?;
        Some([(one, few), *near])
    })
}

/// Names for a message: the first eight, and how many more there are.
#[must_use]
pub fn listing(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(8).map(|n| quoted::short(n)).collect();
    match names.len() {
        0 => "no columns".into(),
        n if n > 8 => format!("columns: {}, and {} more", shown.join(", "), n - 8),
        _ => format!("columns: {}", shown.join(", ")),
    }
}

/// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut two_before = vec![0; b.len() + 1];
    let mut before: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let substitute = before[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = substitute.min(before[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(two_before[j - 2] + 1);
            }
        }
        (two_before, before) = (before, row);
    }
    before[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rare_name_a_letter_from_a_frequent_one_may_be_a_slip() {
        let rows = |few: &str, many: &str| -> Vec<String> {
            [few, many, many, "other", many].map(str::to_owned).to_vec()
        };
        for few in ["pateint", "patien", "patlent", "Pattient"] {
            assert_eq!(rare_slip(&rows(few, "patient")), Some([(few, 1), ("patient", 3)]));
        }
        for (few, many) in [
            ("run1", "run2"),
            ("group_a", "group_b"),
            ("atypical", "typical"),
            ("low", "how"),
            ("pains", "pain"),
            ("Patient", "patient"),
            ("control", "patient"),
        ] {
            let told = rare_slip(&rows(few, many)).is_some();
            assert_eq!(told, few == "pains", "{few} {many}");
        }
        let even = ["sad_face", "mad_face", "sad_face", "mad_face"].map(str::to_owned);
        assert_eq!(rare_slip(&even), None);
    }

    #[test]
    fn a_column_of_nearly_the_name_is_named_and_no_single_letter() {
        let there = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let said = misnamed(&["region_a", "z"], &there(&["regiona", "region_b", "z"]));
        assert_eq!(
            said.as_deref(),
            Some("is its column 'regiona' meant as region_a? then rename it")
        );
        assert_eq!(misnamed(&["x", "y"], &there(&["i", "j"])), None);
        assert_eq!(misnamed(&["index", "name"], &there(&["index", "name"])), None);
    }
}
