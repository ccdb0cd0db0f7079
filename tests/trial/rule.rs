//! Of `trial::rule`: the language of responders.

use boldly::trial::{Operator, Rule, Threshold};

fn rule(text: &str) -> Rule {
    text.parse().unwrap()
}

#[test]
fn a_rule_is_read_as_changes_percentages_and_values() {
    let rule = rule("pain=nrs<=-30%; pgic<=2; pcs >= +6");
    let parts: Vec<_> = rule
        .parts
        .iter()
        .map(|part| {
            (part.name.as_str(), part.column.column.as_str(), part.operator, part.threshold)
        })
        .collect();
    assert_eq!(
        parts,
        [
            ("pain", "nrs", Operator::AtMost, Threshold::Percent(-30.0)),
            ("pgic", "pgic", Operator::AtMost, Threshold::Value(2.0)),
            ("pcs", "pcs", Operator::AtLeast, Threshold::Change(6.0)),
        ]
    );
    // What is written of it is read as the same.
    assert_eq!(rule.to_string().parse::<Rule>().unwrap(), rule);
    assert_eq!(rule.to_string(), "pain=nrs<=-30%; pgic<=2; pcs>=+6");
}

#[test]
fn an_operator_that_is_none_is_named() {
    let error = "pain=nrs=<-30%".parse::<Rule>().unwrap_err().to_string();
    assert!(error.contains("holds '=<' where <=, >=, < or > belongs"), "{error}");
}

#[test]
fn ten_to_seven_is_a_loss_of_30_percent_and_7_point_1_is_not() {
    let part = &rule("nrs<=-30%").parts[0];
    for (before, after, met) in [
        (10.0, 7.0, true),
        (10.0, 7.1, false),
        (6.0, 4.2, true),
        (0.3, 0.21, true),
        (9.0, 6.3, true),
        // Here both roundings go the wrong way.
        (0.7, 0.49, true),
        (4.6, 3.22, true),
    ] {
        assert_eq!(part.met(Some(before), Some(after)), Some(met), "{before} to {after}");
    }
    let strict = &rule("nrs<-30%").parts[0];
    assert_eq!(strict.met(Some(10.0), Some(7.0)), Some(false));
    let gain = &rule("pcs>=+6").parts[0];
    assert_eq!(gain.met(Some(30.1), Some(36.1)), Some(true));
    assert_eq!(gain.met(Some(31.3), Some(37.3)), Some(true));
    assert_eq!(gain.met(Some(30.1), Some(36.0)), Some(false));
}

#[test]
fn what_a_part_lacks_leaves_it_unknown() {
    let [pain, pgic] = ["nrs<=-30%", "pgic<=2"].map(|text| rule(text).parts[0].clone());
    assert_eq!(pain.met(None, Some(3.0)), None);
    assert_eq!(pain.met(Some(6.0), None), None);
    assert_eq!(pain.met(Some(0.0), Some(0.0)), None);
    assert_eq!(pgic.met(None, Some(2.0)), Some(true));
    assert!(pain.needs_baseline() && !pgic.needs_baseline());
}

#[test]
fn a_rule_that_cannot_be_read_says_what_is_wrong_and_shows_one_that_can() {
    let cases = [
        ("", "has no parts"),
        ("nrs", "compares nothing"),
        ("<=2", "names no column"),
        ("=nrs<=2", "names no column"),
        ("nrs<=", "where a number belongs"),
        ("nrs<=two", "holds 'two'"),
        ("nrs<=30%", "does not say which way 30% goes"),
        ("nrs<=inf", "holds 'inf'"),
    ];
    for (text, says) in cases {
        let error = text.parse::<Rule>().unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
        assert!(error.contains("pain=nrs<=-30%"), "{text}: {error}");
    }
}

#[test]
fn parts_of_one_name_are_refused_with_names_that_tell_them_apart() {
    for (text, called, named) in [
        ("nrs<=2; nrs<=3", "nrs", "a=nrs<=2; b=nrs<=3"),
        ("q:nrs<=-30%; q:nrs<=4", "nrs", "a=q:nrs<=-30%; b=q:nrs<=4"),
        ("pain=nrs<=2; pain=pgic<3", "pain", "a=nrs<=2; b=pgic<3"),
    ] {
        let error = text.parse::<Rule>().unwrap_err().to_string();
        let parts = [format!("two parts named '{called}'"), format!("name them: '{named}'")];
        parts.iter().for_each(|part| assert!(error.contains(part), "{text}: {error}"));
        named.parse::<Rule>().unwrap();
    }
}
