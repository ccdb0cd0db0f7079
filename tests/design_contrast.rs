//! Contrast expressions, their labels, and what wrong ones are told.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use boldly::design::contrast::{parse_f, parse_named, parse_t, without_hyphens};
use boldly::design::label::{label, labels};
use common::Random;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| n.to_string()).collect()
}

/// Weights of a t contrast over columns a, b, pain, control.
fn weights(expression: &str) -> Vec<f64> {
    parse_t(expression, &names(&["a", "b", "pain", "control"])).unwrap().to_vec()
}

/// The message and exit code of a refused contrast.
fn refusal(expression: &str, columns: &[&str]) -> String {
    let error = parse_f(expression, &names(columns)).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{error}");
    error.to_string()
}

#[test]
fn expressions_are_weighted_sums_of_columns() {
    for (expression, want) in [
        ("pain - control", [0.0, 0.0, 1.0, -1.0]),
        ("pain-control", [0.0, 0.0, 1.0, -1.0]),
        ("0.5*a + 0.5*b", [0.5, 0.5, 0.0, 0.0]),
        ("-a", [-1.0, 0.0, 0.0, 0.0]),
        ("(a+b)/2", [0.5, 0.5, 0.0, 0.0]),
        ("2*(a-b)", [2.0, -2.0, 0.0, 0.0]),
        ("a*2/4 - -b", [0.5, 1.0, 0.0, 0.0]),
        ("-(a - (b - pain))", [-1.0, 1.0, -1.0, 0.0]),
        ("1e-1*a + .5 * b + 2.*pain + 1/4*control", [0.1, 0.5, 2.0, 0.25]),
        ("a + a - b", [2.0, -1.0, 0.0, 0.0]),
        ("(1 - 3) * a", [-2.0, 0.0, 0.0, 0.0]),
        ("a - b - pain", [1.0, -1.0, -1.0, 0.0]),
    ] {
        assert_eq!(weights(expression), want, "{expression}");
    }
}

#[test]
fn f_contrasts_have_a_row_for_each_expression() {
    let columns = names(&["a", "b", "c"]);
    let f = parse_f("a; b - c", &columns).unwrap();
    assert_eq!(f, ndarray::array![[1.0, 0.0, 0.0], [0.0, 1.0, -1.0]]);
    assert_eq!(parse_f("a;", &columns).unwrap().dim(), (1, 3));
}

#[test]
fn the_longest_column_name_wins_where_names_hold_operators_dots_or_spaces() {
    let columns = names(&[
        "face",
        "left",
        "face-left",
        "trial_type.pain",
        "hot plate",
        "a*b",
        "2back",
        "2",
        "0.5",
    ]);
    for (expression, hits) in [
        ("face-left", vec![(2, 1.0)]),
        ("face - left", vec![(0, 1.0), (1, -1.0)]),
        ("face-left - face", vec![(2, 1.0), (0, -1.0)]),
        ("trial_type.pain - 2*hot plate", vec![(3, 1.0), (4, -2.0)]),
        ("a*b/2", vec![(5, 0.5)]),
        ("2*2back - face", vec![(6, 2.0), (0, -1.0)]),
        ("0.5*face", vec![(0, 0.5)]),
        ("\"2\" - '0.5' + `left`", vec![(7, 1.0), (8, -1.0), (1, 1.0)]),
    ] {
        let mut want = vec![0.0; columns.len()];
        hits.iter().for_each(|(at, w)| want[*at] = *w);
        assert_eq!(parse_t(expression, &columns).unwrap().to_vec(), want, "{expression}");
    }
    assert!(refusal("2 - 0.5", &["2", "0.5"]).contains("in quotes"));
    assert!(refusal("pain2", &["pain"]).contains("`pain2`"), "a name does not end inside a word");
}

#[test]
fn wrong_expressions_say_what_to_do() {
    let columns = ["pain", "control", "constant"];
    for (expression, part) in [
        ("pain - contrl", "names `contrl`, which is no column of the design"),
        ("pain - contrl", "did you mean `control`?"),
        ("Pain", "did you mean `pain`?"),
        ("warmth", "columns: pain, control, constant"),
        ("pain - pain", "only zero weights"),
        ("0*pain", "only zero weights"),
        ("pain; 0*control", "only zero weights"),
        ("pain + 1", "adds a number to a column"),
        ("pain*control", "multiplies two columns"),
        ("1/pain", "divides by a column"),
        ("pain/0", "divides by zero"),
        ("1e308*10*pain", "not finite"),
        ("(pain", "ends too early"),
        ("pain control", "has `control` after a term"),
        ("pain -", "ends where a column should stand"),
        ("", "ends where a column should stand"),
        (";", "has `;` where a column should stand"),
        ("'pain", "open quote"),
        ("'pian'", "did you mean `pain`?"),
        ("3", "names no column"),
    ] {
        let message = refusal(expression, &columns);
        assert!(message.contains(part), "{expression}: {message}");
    }
    let error = parse_t("pain; control", &names(&columns)).unwrap_err().to_string();
    assert!(error.contains("has 2 rows"), "{error}");
    assert!(refusal(&"(".repeat(100_000), &columns).contains("nested too deeply"));
    assert!(refusal(&"-".repeat(100_000), &columns).contains("ends where"));
}

#[test]
fn a_name_stands_before_the_first_equals_sign() {
    let named = parse_named(" pain = pain-control ").unwrap();
    assert_eq!((named.name.as_str(), named.expression.as_str()), ("pain", "pain-control"));
    let unnamed = parse_named("pain - control").unwrap();
    assert_eq!(
        (unnamed.name.as_str(), unnamed.expression.as_str()),
        ("pain - control", "pain - control")
    );
    for text in ["=a", "a=", "", " "] {
        assert_eq!(parse_named(text).unwrap_err().exit_code(), 2, "{text}");
    }
}

#[test]
fn labels_are_letters_and_digits_and_never_collide() {
    for (name, want) in [
        ("pain", "pain"),
        ("pain - control", "painMinusControl"),
        ("trial_type.word", "trialTypeWord"),
        ("A>B", "AGtB"),
        ("0.5*a + 0.5*b", "05APlus05B"),
        ("painVsControl", "painVsControl"),
    ] {
        assert_eq!(label(name).unwrap(), want, "{name}");
    }
    for name in ["", "---", "é*"] {
        assert_eq!(label(name).unwrap_err().exit_code(), 2, "{name}");
    }
    assert_eq!(labels(&names(&["a", "b"])).unwrap(), ["a", "b"]);
    let error = labels(&names(&["a b", "c", "a_b"])).unwrap_err().to_string();
    assert!(error.contains("`a b` and `a_b`") && error.contains("contrast-aB"), "{error}");
    assert!(labels(&names(&["Pain", "pain"])).is_err(), "some file systems ignore case");
}

#[test]
fn hyphens_inside_column_names_are_no_minus_in_labels() {
    let columns = names(&["pain-high", "pain-low", "pain", "high", "control"]);
    for (name, want) in [
        ("pain-high - pain-low", "painHighMinusPainLow"),
        ("pain-high-pain-low", "painHighMinusPainLow"),
        ("'pain-high' - 2*pain-low", "painHighMinus2PainLow"),
        ("pain-high; pain-low", "painHighPainLow"),
        ("pain - high", "painMinusHigh"),
        ("pain-control", "painMinusControl"),
        ("-pain-high", "MinusPainHigh"),
        // names that are no expression stay as nilearn spells them
        ("pain-vs-control", "painMinusVsMinusControl"),
    ] {
        assert_eq!(label(&without_hyphens(name, &columns)).unwrap(), want, "{name}");
    }
}

#[test]
fn no_expression_panics() {
    let mut random = Random(7);
    let columns = names(&["a", "b-c", "é", "", "2", "a b", "(", "x*"]);
    let pieces = [
        "a", "b-c", "é", "2", "1e", "e", ".", "-", "+", "*", "/", "(", ")", ";", "\"", "'", " ",
        "1e400", "b", "\u{300}",
    ];
    let mut parsed = 0;
    for _ in 0..20_000 {
        let n = (random.uniform() * 9.0) as usize;
        let text: String =
            (0..n).map(|_| pieces[(random.uniform() * pieces.len() as f64) as usize]).collect();
        parsed += usize::from(parse_f(&text, &columns).is_ok());
        let _ = (parse_named(&text), label(&without_hyphens(&text, &columns)));
    }
    assert!(parsed > 100, "{parsed} of the random expressions were right");
}
