//! A model in words.

use boldly::bids::describe;

use super::{read, shared_model};

#[test]
fn a_model_is_described_node_by_node_with_its_contrasts_as_sums() {
    let Some(text) = shared_model("own/model-ds005Meta_smdl.json") else { return };
    let said = describe(&read(&text).0.unwrap());
    for line in [
        "  runs of task mixedgamblestask\n",
        "1. run_level (run level): each run fitted by itself\n",
        "   for each     run, subject\n",
        "   transforms   Scale response_time to rt; Replace trial_type; Factor trial_type; Convolve trial_type.gamble; Demean loss to lossDemeaned; ",
        "   columns      intercept, trial_type.gamble*, parametric gain, ",
        "   contrasts    one for trial_type.gamble (t)\n                gainVsLoss = parametric gain - lossDemeaned (t)\n",
        "                anyParametric = parametric gain; lossDemeaned (F)\n                (contrasts tested with F go no further)\n",
        "2. subject_level (subject level): fixed effects, their error from the estimates' variances\n   takes        estimates of run_level with contrast gainVsLoss, gain, trial_type.gamble\n",
        "   for each     subject, contrast\n   columns      intercept\n   contrasts    one for each column (t)\n",
        "4. group_diff (dataset level): least squares\n   takes        estimates of subject_level with contrast gainVsLoss\n",
    ] {
        assert!(said.contains(line), "{said}\n  lacks {line:?}");
    }
}

#[test]
fn every_model_of_the_collection_that_is_read_can_be_described() {
    let Some(index) = shared_model("VALIDATION.tsv") else { return };
    let mut n = 0;
    for line in index.lines().skip(1) {
        if let Ok(model) = read(&shared_model(line.split('\t').next().unwrap()).unwrap()).0 {
            let said = describe(&model);
            assert!(said.lines().count() > model.nodes.len(), "{said}");
            n += 1;
        }
    }
    assert!(n > 170, "{n}");
}
