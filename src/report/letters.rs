//! How wide texts are, before a browser has drawn them. Measured by DejaVu Sans, the widest of the sans-serif faces that pages name or fall back to: what fits in
//! it fits in Helvetica, Arial and Liberation Sans, too.

use super::html::escaped;

/// Advances of the letters from the blank to `~`, in thousandths of their size (DejaVu Sans 2.37, Book).
#[rustfmt::skip]
const ADVANCES: [u16; 95] = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636, 636, 636,
    636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787,
    603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352, 635,
    634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
];
/// Of letters beyond those: of Latin, Greek and signs, and of scripts whose letters fill a square.
const OTHER: u16 = 840;
const SQUARE: u16 = 1000;
const FIRST_SQUARE: char = '\u{2e80}';
/// Bold letters over those of a book.
const BOLD: f64 = 1.15;
/// Behind what is cut.
const MORE: char = '…';

/// Pixels that a text takes at most in letters of a size in pixels.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|letter| advance(letter) * size).sum()
}

/// The size of letters of a book that are as wide as bold ones of a size.
pub(super) fn bold(size: f64) -> f64 {
    BOLD * size
}

fn advance(letter: char) -> f64 {
    let at = (letter as usize).checked_sub(' ' as usize).and_then(|at| ADVANCES.get(at));
    let thousandths = match at {
        Some(thousandths) => *thousandths,
        None if letter >= FIRST_SQUARE || letter == MORE => SQUARE,
        None => OTHER,
    };
    f64::from(thousandths) / 1000.0
}

/// A name on its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lines {
    /// As they are drawn; at least one.
    pub lines: Vec<String>,
    /// The whole name, where some of it is not drawn.
    pub whole: Option<String>,
}

impl Lines {
    /// All of a text on one line.
    pub fn one(text: &str) -> Lines {
        Lines { lines: vec![text.to_owned()], whole: None }
    }

    /// A drawing of the lines, titled with the whole name where some of it is not drawn.
    pub fn titled(&self, drawn: &str) -> String {
        match &self.whole {
            Some(whole) => format!("<g><title>{}</title>{drawn}</g>", escaped(whole)),
            None => drawn.to_owned(),
        }
    }

    /// Pixels of the longest line.
    pub fn width(&self, size: f64) -> f64 {
        self.lines.iter().map(|line| width(line, size)).fold(0.0, f64::max)
    }
}

/// A name in at most `n` lines of at most `most` pixels each, in letters of a size. A line ends behind a blank, or else a sign between words, where one stands in
/// its second half, else within a word; what does not go in is left out, and `…` stands for it.
pub(super) fn lines(name: &str, (most, size): (f64, f64), n: usize) -> Lines {
    let mut lines: Vec<String> = Vec::new();
    let mut rest = name;
    loop {
        let is_last = lines.len() + 1 >= n;
        let n_fit = fit(rest, most, size);
        if n_fit == rest.len() {
            lines.push(rest.to_owned());
            return Lines { lines, whole: None };
        }
        if is_last {
            let kept = &rest[..fit(rest, most - advance(MORE) * size, size)];
            lines.push(format!("{}{MORE}", kept.trim_end()));
            return Lines { lines, whole: Some(name.to_owned()) };
        }
        let part = &rest[..n_fit];
        let behind = |breaks: &str| {
            let last = part.char_indices().rfind(|(_, letter)| breaks.contains(*letter));
            last.map(|(at, letter)| at + letter.len_utf8()).filter(|end| 2 * end >= n_fit)
        };
        let end = behind(" ").or_else(|| behind("_-.,:;/&|+")).unwrap_or(n_fit);
        let end = if end == 0 { rest.chars().next().map_or(0, char::len_utf8) } else { end };
        lines.push(rest[..end].trim_end().to_owned());
        rest = rest[end..].trim_start();
        if rest.is_empty() {
            return Lines { lines, whole: None };
        }
    }
}

/// A name on one line of at most `most` pixels, of which the middle is left out where it is longer.
pub(super) fn both_ends(name: &str, (most, size): (f64, f64)) -> Lines {
    if fit(name, most, size) == name.len() {
        return Lines::one(name);
    }
    let half = 0.5 * (most - advance(MORE) * size);
    let start = name[..fit(name, half, size)].trim_end();
    let mut from = name.len();
    for (at, _) in name.char_indices().rev() {
        if width(&name[at..], size) > half {
            break;
        }
        from = at;
    }
    let line = format!("{start}{MORE}{}", name[from..].trim_start());
    Lines { lines: vec![line], whole: Some(name.to_owned()) }
}

/// Bytes of a text that fit.
fn fit(text: &str, most: f64, size: f64) -> usize {
    let mut taken = 0.0;
    for (at, letter) in text.char_indices() {
        taken += advance(letter) * size;
        if taken > most {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_as_wide_as_its_letters_whatever_they_are() {
        assert!((width("WW", 10.0) - 19.78).abs() < 1e-9);
        assert!((width("il", 10.0) - 5.56).abs() < 1e-9);
        assert!((width("−…", 10.0) - 18.4).abs() < 1e-9);
        assert!((width("漢", 10.0) - 10.0).abs() < 1e-9);
        assert!((width("W", bold(10.0)) - 11.3735).abs() < 1e-9);
    }

    #[test]
    fn of_a_name_that_is_too_long_both_ends_are_kept() {
        let of = |name: &str| both_ends(name, (100.0, 10.0));
        assert_eq!(of("gain"), Lines::one("gain"));
        let found = of("pain relief of thirty percent or more by week 13");
        assert!(found.width(10.0) <= 100.0 && found.whole.is_some(), "{found:?}");
        let line = &found.lines[0];
        assert!(line.starts_with("pain") && line.ends_with("13") && line.contains('…'), "{line}");
    }

    #[test]
    fn names_break_between_words_and_are_cut_where_lines_are_used_up() {
        let of = |name: &str, most: f64, n: usize| {
            let found = lines(name, (most, 10.0), n);
            assert!(found.width(10.0) <= most + 1e-9, "{found:?}");
            (found.lines.join("|"), found.whole.is_some())
        };
        let kept = |text: &str| (text.to_owned(), false);
        assert_eq!(of("gain", 60.0, 1), kept("gain"));
        assert_eq!(of("gain, loss, risk", 60.0, 2), kept("gain, loss,|risk"));
        assert_eq!(of("trial_type.gamble", 60.0, 2), kept("trial_type.|gamble"));
        assert_eq!(of("anyParametric", 41.0, 2), kept("anyPara|metric"));
        assert_eq!(of("change of 12.5 mm", 68.0, 2), kept("change of|12.5 mm"));
        let cut = |text: &str| (text.to_owned(), true);
        assert_eq!(of("gain, loss, risk, rewards", 60.0, 2), cut("gain, loss,|risk, rewa…"));
        assert_eq!(of("gain, loss, risk", 40.0, 1), cut("gain,…"));
        assert_eq!(lines("", (10.0, 10.0), 2).lines, [""]);
        // A place that holds no letter takes one a line.
        assert_eq!(lines("ab", (1.0, 10.0), 2).lines, ["a", "…"]);
        assert_eq!(lines("ab", (1.0, 10.0), 3).lines, ["a", "b"]);
    }
}
