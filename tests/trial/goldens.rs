//! Every golden number of the trial is compared with what boldly finds, or stands here with the reason why it is not.

use boldly::stats::proportions::{Limits, Ratio, TwoArms};
use serde_json::Value;

use crate::study::{ASKED, golden, is_golden, number};

/// What is not compared: words, and numbers of another question.
const NOT_COMPARED: [(&str, &str); 13] = [
    ("cpm/percent_of_means_not_mean_of_percents", "says what the percentage is"),
    ("crossover/carry_over_lambda_A_minus_B/rule", "words"),
    ("crossover/mixed_model_all_patients/n_patients", "all of the table, by its drop-outs"),
    (
        "crossover/mixed_model_all_patients/se",
        "the estimate alone is given: no degrees of freedom are known",
    ),
    ("crossover/mixed_model_all_patients/tool", "words"),
    ("pressure/mixed_model_check/converged", "of statsmodels' search"),
    (
        "pressure/mixed_model_check/se",
        "by z; summary measures have the exact t of 73 degrees of freedom",
    ),
    ("pressure/mixed_model_check/z", "as its standard error"),
    ("pressure/mixed_model_check/tool", "words"),
    ("pressure/summary_measures/what", "words"),
    ("proportions_textbook/both_zero/rule", "words"),
    (
        "responders/two_measure/logistic_adjusted_for_baseline_nrs/coefficients",
        "of the arm alone a result is made",
    ),
    ("responders/two_measure/logistic_adjusted_for_baseline_nrs/loglik", "no result"),
];

/// Counts in two arms, as the oracle has them.
fn counts(path: &str) -> TwoArms {
    let n = |key: &str| number(&format!("{path}/{key}")) as usize;
    TwoArms::of([n("x1"), n("n1")], [n("x0"), n("n0")])
}

/// Difference, intervals, ratios and tests of two arms.
#[track_caller]
pub fn two_arms_are_golden(path: &str, has_ratios: bool) {
    let of = counts(path);
    let limits = |got: Option<Limits>, key: &str| {
        is_golden(got.unwrap().low, &format!("{path}/{key}/0"));
        is_golden(got.unwrap().high, &format!("{path}/{key}/1"));
    };
    is_golden(of.active.proportion().unwrap(), &format!("{path}/p1"));
    is_golden(of.control.proportion().unwrap(), &format!("{path}/p0"));
    is_golden(of.difference().unwrap(), &format!("{path}/rd"));
    limits(of.active.wilson(0.95), "wilson1");
    limits(of.control.wilson(0.95), "wilson0");
    limits(of.newcombe(0.95), "rd_newcombe");
    limits(of.miettinen_nurminen(0.95), "rd_miettinen_nurminen");
    is_golden(of.score_p().unwrap(), &format!("{path}/p_score"));
    is_golden(of.fisher_p().unwrap(), &format!("{path}/p_fisher"));
    for (got, key) in [(of.risk_ratio(0.95), "rr"), (of.odds_ratio(0.95), "or_woolf")] {
        let Some(Ratio { value, limits }) = got.filter(|_| has_ratios) else {
            assert!(!has_ratios && got.is_none_or(|of| of.limits.is_none()), "{path}/{key}");
            continue;
        };
        is_golden(value, &format!("{path}/{key}/0"));
        is_golden(limits.unwrap().low, &format!("{path}/{key}/1"));
        is_golden(limits.unwrap().high, &format!("{path}/{key}/2"));
    }
}

#[test]
fn proportions_of_textbooks_are_golden() {
    for (name, has_ratios) in
        [("newcombe1998_56_70_48_80", true), ("zero_0_46_3_46", false), ("nausea_seed", true)]
    {
        two_arms_are_golden(&format!("proportions_textbook/{name}"), has_ratios);
    }
    let nobody = TwoArms::of([0, 46], [0, 46]);
    let path = "proportions_textbook/both_zero/newcombe";
    is_golden(nobody.newcombe(0.95).unwrap().low, &format!("{path}/0"));
    is_golden(nobody.newcombe(0.95).unwrap().high, &format!("{path}/1"));
}

/// Of the two-measure responders the counts of sites are those of all.
fn sites_are_all_of_them() {
    let path = "responders/two_measure/by_site/tables_active_then_control";
    let sites = golden(path);
    let mut sum = [0; 4];
    for table in sites.as_object().unwrap().values() {
        let cells = table.as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap());
        cells.zip(&mut sum).for_each(|(cell, sum)| *sum += cell.as_u64().unwrap());
    }
    let n = |key: &str| number(&format!("responders/two_measure/bocf/{key}")) as u64;
    assert_eq!(sum, [n("x1"), n("n1") - n("x1"), n("x0"), n("n0") - n("x0")]);
}

/// The paths of all values below one.
fn leaves(value: &Value, path: String, all: &mut Vec<String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}/{key}") };
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| leaves(value, below(key), all));
        }
        Value::Array(values) => {
            let each = values.iter().enumerate();
            each.for_each(|(at, value)| leaves(value, below(&at.to_string()), all));
        }
        _ => all.push(path),
    }
}

#[test]
fn every_golden_is_compared_or_named_here() {
    // The tests that compare them are called again, so that this one needs no other before it.
    super::ancova::every_number_of_five_outcomes_is_the_golden_one();
    super::ancova::baseline_carried_forward_has_everybody_and_the_golden_numbers();
    super::ancova::holm_is_over_the_named_family_and_no_other();
    super::baseline::numbers_have_the_golden_means_medians_quartiles_and_differences();
    super::baseline::levels_are_counted_with_the_golden_shares_and_difference();
    super::brain::the_2x2_of_each_region_is_golden();
    super::correlations::relations_of_changes_and_of_baseline_with_change_are_golden();
    super::cpm::cpm_is_golden();
    super::crossover::treatment_period_and_carry_over_are_golden();
    super::crossover::the_mixed_model_has_every_period_and_its_estimate_is_the_likelihoods();
    super::disposition::arms_and_reasons_are_the_golden_ones();
    super::disposition::the_time_to_discontinuation_is_the_golden_one();
    super::pressure::each_visits_line_and_curve_are_golden();
    super::pressure::arms_are_compared_as_the_golden_says();
    super::responders::counts_and_intervals_of_every_rule_are_the_golden_ones();
    super::responders::missing_values_worst_and_best_cases_and_numbers_needed_are_the_golden_ones();
    super::responders::the_odds_ratio_given_baseline_is_the_golden_one();
    super::responders::sites_together_are_the_golden_ones();
    proportions_of_textbooks_are_golden();
    sites_are_all_of_them();
    let text = std::fs::read_to_string(crate::study::folder().join("golden_trial.json")).unwrap();
    let mut all = Vec::new();
    leaves(&serde_json::from_str(&text).unwrap(), String::new(), &mut all);
    let asked = ASKED.lock().unwrap();
    // A golden that is asked for as a whole is compared as a whole.
    let is_asked = |path: &str| {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        ends.map(|end| &path[..end]).any(|part| asked.contains(part))
    };
    let is_named = |path: &str| {
        let of = |(name, _): &(&str, &str)| {
            path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        NOT_COMPARED.iter().any(of)
    };
    let left: Vec<&String> = all.iter().filter(|path| !is_asked(path) && !is_named(path)).collect();
    assert!(left.is_empty(), "nothing compares {left:#?}");
    assert!(all.len() > 1000, "{}", all.len());
}
