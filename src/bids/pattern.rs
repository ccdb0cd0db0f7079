//! Regular expressions as bidspm's models have them, and names by `*`, `?` and `[...]`.

/// A regular expression of characters, `.`, `[...]`, each with `*`, `+` or `?` behind it, `^` and `$` at its ends, and `\` before a
/// character that means itself. It is matched in time that grows with the product of the lengths.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern(Vec<(Atom, Times)>);

#[derive(Debug, Clone, PartialEq)]
enum Atom {
    Any,
    One(char),
    /// Ranges of characters, and whether all others are meant.
    Of(Vec<(char, char)>, bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Times {
    Once,
    AtMostOnce,
    AnyNumber,
}

/// The longest pattern, in characters.
const LONGEST: usize = 1000;

impl Pattern {
    /// Read a pattern.
    ///
    /// # Errors
    /// What it is, as a verb phrase, where it has what is not among the above (groups, alternatives) or is too long.
    pub fn new(text: &str) -> Result<Pattern, String> {
        let bad = Err::<Pattern, String>;
        let characters: Vec<char> = text.chars().collect();
        if characters.len() > LONGEST {
            return bad(format!("is a pattern of {} characters", characters.len()));
        }
        let mut rest = &characters[..];
        rest = rest.strip_prefix(&['^']).unwrap_or(rest);
        if rest.len() < 2 || rest[rest.len() - 2] != '\\' {
            rest = rest.strip_suffix(&['$']).unwrap_or(rest);
        }
        let mut atoms: Vec<(Atom, Times)> = Vec::new();
        while let Some((&first, behind)) = rest.split_first() {
            rest = behind;
            let atom = match first {
                '.' => Atom::Any,
                '[' => {
                    let Some((set, behind)) = set(rest) else {
                        return bad("is a pattern with [ and no ]".into());
                    };
                    rest = behind;
                    set
                }
                '\\' => {
                    let Some((&escaped, behind)) = rest.split_first() else {
                        return bad("is a pattern that ends in \\".into());
                    };
                    rest = behind;
                    meant(escaped)
                }
                '(' | ')' | '|' | '{' | '}' | '*' | '+' | '?' | '^' | '$' => {
                    return bad(format!("is a pattern with `{first}`"));
                }
                other => Atom::One(other),
            };
            match rest.first() {
                Some('*') => atoms.push((atom, Times::AnyNumber)),
                Some('?') => atoms.push((atom, Times::AtMostOnce)),
                Some('+') => {
                    atoms.push((atom.clone(), Times::Once));
                    atoms.push((atom, Times::AnyNumber));
                }
                _ => {
                    atoms.push((atom, Times::Once));
                    continue;
                }
            }
            rest = &rest[1..];
        }
        Ok(Pattern(atoms))
    }

    /// Names by `*` (any characters), `?` (one) and `[...]` (one of these), as a shell has them; `[` without `]` means itself.
    pub fn of_names(text: &str) -> Pattern {
        let characters: Vec<char> = text.chars().collect();
        let mut rest = &characters[..];
        let mut atoms = Vec::new();
        while let Some((&first, behind)) = rest.split_first() {
            rest = behind;
            atoms.push(match first {
                '*' => (Atom::Any, Times::AnyNumber),
                '?' => (Atom::Any, Times::Once),
                '[' => match set(rest) {
                    Some((set, behind)) => {
                        rest = behind;
                        (set, Times::Once)
                    }
                    None => (Atom::One('['), Times::Once),
                },
                other => (Atom::One(other), Times::Once),
            });
        }
        Pattern(atoms)
    }

    /// Whether the whole text is what the pattern says.
    pub fn matches(&self, text: &str) -> bool {
        // Which atoms may come next, all at once.
        let mut at = vec![false; self.0.len() + 1];
        at[0] = true;
        self.skip(&mut at);
        for character in text.chars() {
            let mut next = vec![false; at.len()];
            for (i, (atom, times)) in self.0.iter().enumerate().filter(|(i, _)| at[*i]) {
                if atom.takes(character) {
                    next[if *times == Times::AnyNumber { i } else { i + 1 }] = true;
                }
            }
            self.skip(&mut next);
            at = next;
        }
        at[self.0.len()]
    }

    /// What need not be there may be passed over.
    fn skip(&self, at: &mut [bool]) {
        for (i, (_, times)) in self.0.iter().enumerate() {
            if at[i] && *times != Times::Once {
                at[i + 1] = true;
            }
        }
    }
}

impl Atom {
    fn takes(&self, character: char) -> bool {
        match self {
            Atom::Any => true,
            Atom::One(one) => *one == character,
            Atom::Of(ranges, others) => {
                ranges.iter().any(|(from, to)| (*from..=*to).contains(&character)) != *others
            }
        }
    }
}

/// What a character behind `\` means.
fn meant(escaped: char) -> Atom {
    match escaped {
        'd' => Atom::Of(vec![('0', '9')], false),
        'w' => Atom::Of(vec![('0', '9'), ('a', 'z'), ('A', 'Z'), ('_', '_')], false),
        's' => Atom::Of(vec![(' ', ' '), ('\t', '\t')], false),
        other => Atom::One(other),
    }
}

/// What stands between brackets, and the rest behind them.
fn set(behind: &[char]) -> Option<(Atom, &[char])> {
    let others = matches!(behind.first(), Some('^' | '!'));
    let from = usize::from(others);
    // A ] that comes first means itself.
    let end = from + 1 + behind.get(from + 1..)?.iter().position(|c| *c == ']')?;
    let inside = &behind[from..end];
    let mut ranges = Vec::new();
    let mut i = 0;
    while i < inside.len() {
        let is_range = inside.get(i + 1) == Some(&'-') && i + 2 < inside.len();
        let to = if is_range { inside[i + 2] } else { inside[i] };
        ranges.push((inside[i], to));
        i += if is_range { 3 } else { 1 };
    }
    Some((Atom::Of(ranges, others), &behind[end + 1..]))
}
