//! Letters with marks as those that names of files may hold: `größer` is `groesser`, `Mañana` is `Manana`.

/// Latin letters beyond ASCII, and what is written for each of them.
const MARKED: [(&str, &str); 52] = [
    ("àáâãåāăą", "a"),
    ("ÀÁÂÃÅĀĂĄ", "A"),
    ("ä", "ae"),
    ("Ä", "Ae"),
    ("æ", "ae"),
    ("Æ", "Ae"),
    ("çćĉċč", "c"),
    ("ÇĆĈĊČ", "C"),
    ("ďđð", "d"),
    ("ĎĐÐ", "D"),
    ("èéêëēĕėęě", "e"),
    ("ÈÉÊËĒĔĖĘĚ", "E"),
    ("ĝğġģ", "g"),
    ("ĜĞĠĢ", "G"),
    ("ĥħ", "h"),
    ("ĤĦ", "H"),
    ("ìíîïĩīĭįı", "i"),
    ("ÌÍÎÏĨĪĬĮİ", "I"),
    ("ĵ", "j"),
    ("Ĵ", "J"),
    ("ķ", "k"),
    ("Ķ", "K"),
    ("ĺļľł", "l"),
    ("ĹĻĽŁ", "L"),
    ("ñńņň", "n"),
    ("ÑŃŅŇ", "N"),
    ("òóôõøōŏő", "o"),
    ("ÒÓÔÕØŌŎŐ", "O"),
    ("ö", "oe"),
    ("Ö", "Oe"),
    ("œ", "oe"),
    ("Œ", "Oe"),
    ("ŕŗř", "r"),
    ("ŔŖŘ", "R"),
    ("śŝşšș", "s"),
    ("ŚŜŞŠȘ", "S"),
    ("ß", "ss"),
    ("ţťŧț", "t"),
    ("ŢŤŦȚ", "T"),
    ("þ", "th"),
    ("Þ", "Th"),
    ("ùúûũūŭůűų", "u"),
    ("ÙÚÛŨŪŬŮŰŲ", "U"),
    ("ü", "ue"),
    ("Ü", "Ue"),
    ("ŵ", "w"),
    ("Ŵ", "W"),
    ("ýÿŷ", "y"),
    ("ÝŸŶ", "Y"),
    ("źżž", "z"),
    ("ŹŻŽ", "Z"),
    ("ẞ", "SS"),
];
/// The marks of letters that are written as a letter and its mark.
const MARKS: std::ops::RangeInclusive<char> = '\u{300}'..='\u{36f}';
/// Two points above a letter.
const POINTS: char = '\u{308}';

/// The letters of a name, those with marks as those without; what is no Latin letter stays as it is.
pub fn of(name: &str) -> impl Iterator<Item = char> {
    let mut plain = String::new();
    for c in name.chars() {
        match MARKED.iter().find(|(marked, _)| marked.contains(c)) {
            // A letter and its points are one as `ä` is.
            None if c == POINTS && plain.ends_with(['a', 'o', 'u', 'A', 'O', 'U']) => {
                plain.push('e')
            }
            None if MARKS.contains(&c) => {}
            None => plain.push(c),
            Some((_, written)) => plain.push_str(written),
        }
    }
    plain.chars().collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_with_marks_are_written_without_and_others_stay() {
        let of = |name: &str| of(name).collect::<String>();
        assert_eq!(of("größer/als 5%"), "groesser/als 5%");
        assert_eq!(of("gro\u{308}\u{df}er"), "groesser");
        assert_eq!(of("Ångström, mañana, Łódź, e\u{301}"), "Angstroem, manana, Lodz, e");
        assert_eq!(of("pain > β_1"), "pain > β_1");
    }
}
