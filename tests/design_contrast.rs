//! Contrast expressions, their labels, and what wrong ones are told.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use boldly::design::contrast::{
    Columns, meant, parse_f, parse_named, parse_over_runs, parse_t, parse_t_of, without_hyphens,
};
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

/// Columns of two conditions of each kind with derivatives, a modulator, confounds, drift and constant.
fn task() -> Vec<String> {
    names(&[
        "control_1",
        "control_1_derivative",
        "pain",
        "pain_derivative",
        "pain:rating",
        "pain_hot",
        "pain_hot_derivative",
        "painful_motion",
        "drift_1",
        "constant",
    ])
}

#[test]
fn a_pattern_is_the_sum_of_the_conditions_it_matches_and_mean_their_mean() {
    let columns = task();
    let at = |name: &str| columns.iter().position(|n| n == name).unwrap();
    for (expression, hits) in [
        ("pain*", vec![("pain", 1.0), ("pain_hot", 1.0)]),
        ("pain* - control*", vec![("pain", 1.0), ("pain_hot", 1.0), ("control_1", -1.0)]),
        ("pain*-control*", vec![("pain", 1.0), ("pain_hot", 1.0), ("control_1", -1.0)]),
        ("pain* - 2*control_?", vec![("pain", 1.0), ("pain_hot", 1.0), ("control_1", -2.0)]),
        ("0.5*pain_*", vec![("pain_hot", 0.5)]),
        ("pain*2 - control_1", vec![("pain", 2.0), ("control_1", -1.0)]),
        ("pain* 2 - control_1", vec![("pain", 2.0), ("control_1", -1.0)]),
        ("pain*-2", vec![("pain", -2.0)]),
        ("pain*(1/4)", vec![("pain", 0.25)]),
        ("mean(pain*)", vec![("pain", 0.5), ("pain_hot", 0.5)]),
        (
            "mean(pain*) - mean(control*)",
            vec![("pain", 0.5), ("pain_hot", 0.5), ("control_1", -1.0)],
        ),
        (
            "2*mean(pain, 'pain_hot', control_1, pain:rating)",
            vec![("pain", 0.5), ("pain_hot", 0.5), ("control_1", 0.5), ("pain:rating", 0.5)],
        ),
        ("\"p*n\" - pain_hot", vec![("pain", 1.0), ("pain_hot", -1.0)]),
        ("pain:rating", vec![("pain:rating", 1.0)]),
    ] {
        let mut want = vec![0.0; columns.len()];
        hits.iter().for_each(|(name, weight)| want[at(name)] = *weight);
        // The first seven come from events: `painful_motion` is a confound.
        assert_eq!(
            parse_t_of(expression, &Columns { n_task: 7, ..Columns::named(&columns) })
                .unwrap()
                .to_vec(),
            want,
            "{expression}"
        );
    }
    let all = parse_t("pain*", &columns).unwrap();
    assert_eq!(all[at("painful_motion")], 1.0, "of a ready design any column may be a condition");
}

#[test]
fn patterns_and_means_that_cannot_be_are_refused() {
    let columns = task();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    for (expression, part) in [
        ("warm*", "`warm*`, which matches no condition"),
        ("warm*", "columns: control_1, pain, pain_hot"),
        ("drift*", "matches no condition"),
        ("mean(pain", "open mean()"),
        ("mean()", "something else than columns in mean()"),
        ("mean(2*pain)", "something else than columns in mean()"),
        ("mean(mean(pain))", "something else than columns in mean()"),
        ("mean(pain - pain_hot)", "have a comma or ) in mean()"),
        ("mean(pain*:rating)", "a pattern means conditions alone"),
        ("pain* + 1", "adds a number to a column"),
        ("warm:basis", "names `warm"),
    ] {
        let message = refusal(expression, &columns);
        assert!(message.contains(part), "{expression}: {message}");
    }
    let error = parse_t("pain:basis", &task()).unwrap_err().to_string();
    assert!(error.contains("has 2 rows"), "{error}");
}

#[test]
fn a_basis_is_a_row_for_each_column_of_a_condition() {
    let columns = task();
    let rows = |expression: &str| -> Vec<Vec<(String, f64)>> {
        let weighs = |row: ndarray::ArrayView1<f64>| {
            let named = columns.iter().cloned().zip(row.to_vec());
            named.filter(|(_, weight)| *weight != 0.0).collect()
        };
        parse_f(expression, &columns).unwrap().rows().into_iter().map(weighs).collect()
    };
    let one = |name: &str, weight: f64| (name.to_owned(), weight);
    assert_eq!(rows("pain:basis"), [vec![one("pain", 1.0)], vec![one("pain_derivative", 1.0)]]);
    assert_eq!(
        rows("'pain_hot':basis - 2*control_1:basis; pain"),
        [
            vec![one("control_1", -2.0), one("pain_hot", 1.0)],
            vec![one("control_1_derivative", -2.0), one("pain_hot_derivative", 1.0)],
            vec![one("pain", 1.0)],
        ]
    );
    let delays = names(&["a_delay_0", "a_delay_2", "b_delay_0", "b_delay_2", "constant"]);
    let f = parse_f("a:basis", &delays).unwrap();
    assert_eq!(f, ndarray::array![[1.0, 0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0]]);
    assert!(parse_f("painful_motion:basis - pain:basis", &columns).is_err(), "another basis");
}

#[test]
fn terms_of_one_run_weigh_in_that_run_alone_and_the_others_in_the_mean_over_runs() {
    let columns = names(&["a", "b", "constant"]);
    let labels = names(&["run-1", "run-02", "run-3"]);
    let of =
        |expression: &str| parse_over_runs(expression, &Columns::named(&columns), &labels, true);
    for (expression, of_mean, first, second) in [
        ("a@run-1 - a@run-02", [0.0; 3], [1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]),
        ("a - b@run-1", [1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0; 3]),
        ("(a - b)@run-1 - 2*\"a\"@run-02", [0.0; 3], [1.0, -1.0, 0.0], [-2.0, 0.0, 0.0]),
        ("(a@run-1 - b)@run-2", [0.0; 3], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]),
        ("mean(a@run-1, a@run-2)", [0.0; 3], [0.5, 0.0, 0.0], [0.5, 0.0, 0.0]),
        ("mean(a, b)@run-1 + ?@run-02", [0.0; 3], [0.5, 0.5, 0.0], [1.0, 1.0, 0.0]),
        ("a@run-2 - a@run-01", [0.0; 3], [-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]),
        ("a - b", [1.0, -1.0, 0.0], [0.0; 3], [0.0; 3]),
    ] {
        let over = of(expression).unwrap();
        assert_eq!(over.of_mean.row(0).to_vec(), of_mean, "{expression}");
        assert_eq!(over.of_runs[0].row(0).to_vec(), first, "{expression}");
        assert_eq!(over.of_runs[1].row(0).to_vec(), second, "{expression}");
        assert_eq!(over.of_runs[2].row(0).to_vec(), [0.0; 3], "{expression}");
        assert_eq!(over.is_across, expression.contains('@'));
    }
    let error = of("a@run-1 - a@run-01").unwrap_err().to_string();
    assert!(error.contains("has only zero weights"), "{error}");
    let error = of("a@run-1:basis - a@run-2").unwrap_err().to_string();
    assert!(error.contains("a basis stands before its run"), "{error}");
    let error = of("a@run-1; a@run-2").unwrap_err().to_string();
    assert!(error.contains("has 2 rows"), "{error}");
    let error = of("a@run-4 - a@run-1").unwrap_err().to_string();
    assert!(
        error.contains("names run-4, which is none")
            && error.contains("runs: run-1, run-02, run-3"),
        "{error}"
    );
    // Sessions, each of one run or of several.
    let labels = names(&["ses-1_run-1", "ses-02_run-1", "ses-02_run-2"]);
    let of =
        |expression: &str| parse_over_runs(expression, &Columns::named(&columns), &labels, true);
    for text in
        ["a@ses-1 - a@ses-2_run-01", "a@ses-01-a@ses-2_run-1", "a@ses-1_run-1-a@ses-02_run-1"]
    {
        let over = of(text).unwrap();
        assert_eq!(over.of_runs[0].row(0).to_vec(), [1.0, 0.0, 0.0], "{text}");
        assert_eq!(over.of_runs[1].row(0).to_vec(), [-1.0, 0.0, 0.0], "{text}");
        assert_eq!(over.of_runs[2].row(0).to_vec(), [0.0; 3], "{text}");
    }
    assert_eq!(of("a@run-2").unwrap().of_runs[2].row(0).to_vec(), [1.0, 0.0, 0.0]);
    let error = of("a@run-1 - a@ses-1").unwrap_err().to_string();
    assert!(error.contains("is the name of 2 runs"), "{error}");
    // A session is the mean of its runs.
    let over = of("a@ses-2 - a@ses-1").unwrap();
    let weights: Vec<f64> = over.of_runs.iter().map(|run| run[[0, 0]]).collect();
    assert_eq!(weights, [-1.0, 0.0, 0.0]);
    let [session] = &over.of_sessions[..] else { panic!("{:?}", over.of_sessions) };
    assert_eq!((&session.name[..], &session.runs[..]), ("ses-2", &[1, 2][..]));
    assert_eq!(session.weights.row(0).to_vec(), [1.0, 0.0, 0.0]);
    let over = of("a@ses-2 - (a - b)@ses-02 + 2*b@ses-1").unwrap();
    assert_eq!(over.of_sessions.len(), 1, "one name in two spellings");
    assert_eq!(over.of_sessions[0].weights.row(0).to_vec(), [0.0, 1.0, 0.0]);
    assert_eq!(over.of_mean.row(0).to_vec(), [0.0; 3]);
    let error = of("a@ses1 - a").unwrap_err().to_string();
    assert!(error.contains("a run is named as in `a@ses-1 - a`"), "{error}");
    let spoken = without_hyphens("a@run-1 - b@run-02", &columns);
    assert_eq!(label(&spoken).unwrap(), "aRun1MinusBRun02");
}

#[test]
fn a_condition_that_has_a_column_a_delay_is_told_from_one_that_is_not_there() {
    let delays = names(&["pain_delay_0", "pain_delay_1", "rest_delay_0", "constant"]);
    let error = parse_t("pain - rest", &delays).unwrap_err().to_string();
    for part in ["names `pain`", "columns: pain_delay_0, pain_delay_1;", "'pain:basis'"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    let error = parse_t("pian", &delays).unwrap_err().to_string();
    assert!(error.contains("columns: pain_delay_0, pain_delay_1, rest_delay_0"), "{error}");
}

#[test]
fn what_a_pattern_means_is_said_and_a_lopsided_difference_is_doubted() {
    let columns = task();
    let of_seven = Columns { n_task: 7, ..Columns::named(&columns) };
    let said = meant("pain* - control*", &of_seven);
    assert_eq!(said.notes.len(), 2);
    assert_eq!(said.notes[0], "`pain*` in contrast `pain* - control*` is pain + pain_hot");
    assert!(said.doubts.len() == 1 && said.doubts[0].contains("different numbers"), "{said:?}");
    let fair = meant("mean(pain*) - mean(control*)", &of_seven);
    assert_eq!((fair.notes.len(), fair.doubts.len()), (2, 0));
    assert_eq!(meant("2*pain - control_1", &of_seven), Default::default());
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
        ("1e25*pain", "has the weight 1e25; it must have sizes from 1e-9 to 1e9"),
        ("1e-30*pain", "has the weight 1e-30"),
        ("(pain", "ends too early"),
        ("pain control", "has `control` after a term"),
        ("pain -", "ends where a column should stand"),
        ("", "ends where a column should stand"),
        (";", "has `;` where a column should stand"),
        ("'pain", "open quote"),
        ("'pian'", "did you mean `pain`?"),
        ("3", "names no column"),
        ("3 - 2", "names no column"),
        ("2(pain - control)", "has no * between 2 and (pain - control)"),
        ("0.5(pain+(control))-constant", "write 0.5*(pain+(control))"),
        ("pain-0.5(control)", "write 0.5*(control)"),
        ("2 pain", "write 2*pain"),
        ("2pain-control", "write 2*pain"),
        ("-2pain@run-1", "write 2*pain"),
        ("2'pain'", "write 2*'pain'"),
        ("2mean(pain, control)", "write 2*mean(pain, control)"),
        ("1e-3 pain", "write 1e-3*pain"),
        ("2warmth", "names `2warmth`"),
        ("warmth@run-1", "names `warmth`, which"),
        ("contrl@run-1 - pain@run-1", "did you mean `control`?"),
        ("mean(pain, contrl)", "did you mean `control`?"),
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
    for name in ["", "---", "疼*"] {
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
