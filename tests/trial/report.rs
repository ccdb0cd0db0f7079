//! The page of a trial.

use boldly::report::trial::{Pictures, TrialPage, page};

use crate::made::results;

#[test]
fn look() {
    let results = results();
    let command: Vec<String> = "boldly trial study --plan trial.json --out endpoints"
        .split(' ')
        .map(str::to_owned)
        .collect();
    let html = page(&TrialPage {
        results: &results,
        command_line: &command,
        inputs: &[],
        outputs: &[],
        pictures: &Pictures::default(),
    })
    .unwrap();
    std::fs::write(std::env::var("BOLDLY_LOOK").unwrap(), html).unwrap();
}
