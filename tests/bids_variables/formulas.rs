//! Formulas: products of columns, and levels coded so that every column says what none before it does.

use boldly::bids::Notes;
use boldly::bids::design::{self, Columns, Missing};
use boldly::bids::formula::Formula;
use boldly::bids::model::Node;
use boldly::bids::variables::Variables;
use serde_json::json;

use crate::designs::{column, made, node, run};

#[test]
fn a_formula_multiplies_columns_and_codes_levels_as_patsy_does() {
    let mut inputs = Variables::of_inputs(4);
    inputs.add_texts("group", &["b", "a", "c", "a"]).unwrap();
    inputs.add_texts("age", &["1", "2", "3", "4"]).unwrap();
    let formula = |text: &str| {
        let formula = Some(Formula::read(text, "/Nodes/0/Model/Formula").unwrap());
        made(&inputs, &Node { formula, ..node(&["group", "age"]) }, Missing::Error).0
    };
    let own = formula("1 + C(group) + age");
    assert_eq!(own.names, ["intercept", "C(group)[T.b]", "C(group)[T.c]", "age"]);
    assert_eq!(column(&own, "C(group)[T.b]"), [1.0, 0.0, 0.0, 0.0]);
    assert_eq!(formula("0 + C(group)").names, ["C(group)[a]", "C(group)[b]", "C(group)[c]"]);
    let own = formula("1 + C(group):age");
    assert_eq!(own.names, ["intercept", "C(group)[a]:age", "C(group)[b]:age", "C(group)[c]:age"]);
    assert_eq!(column(&own, "C(group)[a]:age"), [0.0, 2.0, 0.0, 4.0]);
    let own = formula("1 + age + C(group):age");
    assert_eq!(own.names[2..], ["C(group)[T.b]:age", "C(group)[T.c]:age"]);
    let convolved =
        crate::after(&run(0.0), &json!([{"Name": "Convolve", "Input": ["kind.*"]}])).unwrap().0;
    let formula = Some(Formula::read("0 + kind.a * csf", "").unwrap());
    let own = made(&convolved, &Node { formula, ..node(&["kind.a", "csf"]) }, Missing::Error).0;
    assert_eq!(own.names, ["kind.a", "csf", "kind.a:csf"]);
    let (a, csf, both) = (column(&own, "kind.a"), column(&own, "csf"), column(&own, "kind.a:csf"));
    assert!((0..60).all(|k| both[k] == a[k] * csf[k]) && both.iter().any(|v| *v != 0.0));
}

/// The columns of inputs by a formula.
fn coded(text: &str) -> Columns {
    let mut inputs = Variables::of_inputs(6);
    inputs.add_texts("group", &["b", "a", "c", "a", "a", "b"]).unwrap();
    inputs.add_texts("sex", &["m", "f", "m", "m", "f", "f"]).unwrap();
    inputs.add_texts("age", &["1", "2", "3", "4", "5", "6"]).unwrap();
    inputs.add_texts("pcs", &["2", "1", "4", "3", "6", "5"]).unwrap();
    let formula = Some(Formula::read(text, "/Nodes/0/Model/Formula").unwrap());
    let node = Node { formula, ..node(&["group", "sex", "age", "pcs"]) };
    design::columns(&inputs, &node, Missing::Error, &mut Notes::default()).unwrap()
}

/// Names and values of patsy 1.0.3 (`Intercept` for `intercept`), each value a digit.
#[test]
fn terms_stand_by_their_numbers_and_none_says_what_is_held_already() {
    let ones = ("intercept", "111111");
    let groups = [("C(group)[T.b]", "100001"), ("C(group)[T.c]", "001000")];
    let crossed = |names: [&'static str; 3]| {
        [names[0], names[1], names[2]].into_iter().zip(["000100", "100000", "001000"])
    };
    let with = |first: &[(&'static str, &'static str)], rest: [&'static str; 3]| {
        [first, &crossed(rest).collect::<Vec<_>>()].concat()
    };
    let all: [(&str, Vec<(&str, &str)>); 5] = [
        (
            "1 + C(sex):C(group)",
            with(
                &[ones, groups[0], groups[1]],
                ["C(sex)[T.m]:C(group)[a]", "C(sex)[T.m]:C(group)[b]", "C(sex)[T.m]:C(group)[c]"],
            ),
        ),
        (
            "1 + pcs + C(group):age + age",
            vec![
                ones,
                ("pcs", "214365"),
                ("age", "123456"),
                ("C(group)[T.b]:age", "100006"),
                ("C(group)[T.c]:age", "003000"),
            ],
        ),
        (
            "1 + C(group):C(sex) + C(group)",
            with(
                &[ones, groups[0], groups[1]],
                ["C(group)[a]:C(sex)[T.m]", "C(group)[b]:C(sex)[T.m]", "C(group)[c]:C(sex)[T.m]"],
            ),
        ),
        (
            "0 + C(sex) + C(group)",
            vec![("C(sex)[f]", "010011"), ("C(sex)[m]", "101100"), groups[0], groups[1]],
        ),
        (
            "1 + C(sex):age + age:C(sex)",
            vec![ones, ("C(sex)[f]:age", "020056"), ("C(sex)[m]:age", "103400")],
        ),
    ];
    for (text, wanted) in all {
        let own = coded(text);
        let names: Vec<&str> = wanted.iter().map(|(name, _)| *name).collect();
        assert_eq!(own.names, names, "{text}");
        for (name, digits) in wanted {
            let values: String = column(&own, name).iter().map(|v| format!("{v}")).collect();
            assert_eq!(values, digits, "{name} of {text}");
        }
    }
    assert_eq!(coded("1 + age:pcs + pcs:age").names, ["intercept", "age:pcs"]);
    let squared = Formula::read("1 + age**2", "/F").unwrap_err().to_string();
    assert!(squared.contains("has ** in \"age**2\": Power makes a column"), "{squared}");
}

#[test]
fn what_is_taken_away_is_the_intercept_and_patterns_are_called_so() {
    let names = |text: &str| coded(text).names;
    for (text, same) in [
        ("age + C(group) - 1", "0 + age + C(group)"),
        ("-1 + C(group)", "0 + C(group)"),
        ("age - 0", "1 + age"),
        ("C(group)*age + 0", "0 + C(group) * age"),
    ] {
        assert_eq!(names(text), names(same), "{text}");
    }
    for (text, why) in [
        ("1 + trial_type.*", "has \"trial_type.*\": no pattern of names is taken here"),
        ("1 + trans_?", "has \"trans_?\": no pattern"),
        (
            "1 + age - pcs",
            "has '-' in \"age - pcs\", which is not known here (of what is taken away 1",
        ),
        ("1 + age - 1", "have 0 or 1, not both"),
    ] {
        let said = Formula::read(text, "/F").unwrap_err().to_string();
        assert!(said.contains(why), "{text}: {said}");
    }
}

#[test]
fn a_run_has_its_constant_whatever_its_formula_says() {
    let formula = Some(Formula::read("0 + csf", "").unwrap());
    let told = made(&run(0.0), &Node { formula, ..node(&["csf", "1"]) }, Missing::Error).1;
    assert!(!told.contains("intercept"), "{told}");
}

#[test]
fn what_x_and_a_formula_do_not_both_name_is_told() {
    let mut inputs = Variables::of_inputs(3);
    inputs.add_texts("age", &["1", "2", "4"]).unwrap();
    inputs.add_texts("pcs", &["2", "1", "5"]).unwrap();
    inputs.add_texts("iq", &["9", "7", "8"]).unwrap();
    let said = |x: &[&str], text: &str| {
        let formula = Some(Formula::read(text, "/Nodes/0/Model/Formula").unwrap());
        made(&inputs, &Node { formula, ..node(x) }, Missing::Error).1
    };
    let told = said(&["1", "age", "p*"], "1 + age");
    assert!(
        told.contains(
            "/Formula: is what is fitted: X names more, which is not in the model: `pcs`"
        ),
        "{told}"
    );
    let told = said(&["age"], "1 + age + iq");
    assert!(
        told.contains("has what X does not name, which is in the model: `iq`, `intercept`"),
        "{told}"
    );
    assert_eq!(said(&["1", "age", "iq"], "1 + age * iq"), "");
}

#[test]
fn the_constant_is_ones_whatever_is_called_intercept() {
    let mut inputs = Variables::of_inputs(3);
    inputs.add_texts("intercept", &["1", "0", "1"]).unwrap();
    let (own, said) = made(&inputs, &node(&["1"]), Missing::Error);
    assert_eq!(column(&own, "intercept"), [1.0; 3]);
    assert!(said.contains("1 is the column of ones, not the variable `intercept`"), "{said}");
    let (own, _) = made(&inputs, &node(&["intercept"]), Missing::Error);
    assert_eq!(column(&own, "intercept"), [1.0, 0.0, 1.0]);
    let both =
        design::columns(&inputs, &node(&["1", "inter*"]), Missing::Error, &mut Notes::default());
    assert!(both.unwrap_err().to_string().contains("and a variable of that name"));
}

#[test]
fn what_takes_responses_on_straight_lines_says_so_and_how_they_stay_exact() {
    let convolve = json!({"Name": "Convolve", "Input": ["kind.*"]});
    let exact = json!({"Name": "ToDense", "Input": ["kind.a"], "SamplingRate": "TR"});
    for own in [
        json!({"Name": "Demean", "Input": ["kind.a"]}),
        json!({"Name": "Scale", "Input": ["kind.a"]}),
        json!({"Name": "Power", "Input": ["kind.a"], "Value": 2}),
        json!({"Name": "ToDense", "Input": ["kind.a"]}),
        json!({"Name": "Lag", "Input": ["kind.a"]}),
        json!({"Name": "Orthogonalize", "Input": ["kind.a"], "Other": ["kind.b"]}),
    ] {
        let notes = |list| crate::after(&run(0.0), &list).unwrap().1.all().join("\n");
        let told = notes(json!([convolve, own]));
        assert_eq!(
            told.matches("takes responses at 10 Hz, on straight lines").count(),
            1,
            "{own}: {told}"
        );
        let told = notes(json!([convolve, exact, own]));
        assert!(
            !told.contains("straight lines") || own["Name"] == "Orthogonalize",
            "{own}: {told}"
        );
    }
}
