//! What pages and messages call things: what was adjusted for, units, arms that are codes, who was analysed, and columns that lack.

use boldly::trial::{Notes, Results, Variable, analyse};

use crate::checked::{Element, checked};
use crate::report::{RESULTS, drawn, rows};
use crate::study::{Study, study};

fn analysed(study: &Study) -> boldly::error::Result<Results> {
    analyse(&study.plan, study.participants.clone(), &study.tables, Notes::default())
}

/// The words of all drawings, a line each.
fn texts(all: &[Element]) -> Vec<&str> {
    all.iter().filter(|e| e.name == "text").map(|e| e.text.as_str()).collect()
}

#[test]
fn heads_of_tables_say_all_that_was_adjusted_for() {
    let mut results = RESULTS.clone();
    results.plan.covariates = vec!["participants:age".parse().unwrap()];
    let all = checked(&drawn(&results));
    let captions = all.iter().filter(|e| e.name == "caption").map(|e| e.text.as_str());
    let own: Vec<&str> = captions.filter(|text| text.contains("adjusted for")).collect();
    for start in [
        "Outcomes,",
        "CPM at the endpoint,",
        "Pressure of the target rating,",
        "Rating at each pressure,",
        "Regions at the endpoint,",
        "Edges (Fisher's z),",
    ] {
        let caption = own.iter().find(|text| text.starts_with(start)).unwrap();
        assert!(caption.contains("adjusted for baseline, site and age"), "{caption}");
    }
}

#[test]
fn the_axis_of_cpm_is_in_units_of_what_was_measured() {
    let mut results = RESULTS.clone();
    let own = results.cpm.as_mut().unwrap();
    own.ancova.iter_mut().for_each(|row| row.units = None);
    let axis = |results: &Results, what: &str| {
        let all = checked(&drawn(results));
        texts(&all).iter().any(|text| text.starts_with(&format!("CPM (units of the {what}")))
    };
    assert!(axis(&results, "rating") && !axis(&results, "threshold"));
    results.plan.cpm.as_mut().unwrap().threshold = true;
    assert!(axis(&results, "threshold") && !axis(&results, "rating"));
}

#[test]
fn the_flow_says_how_many_of_each_part_are_analysed() {
    let mut results = RESULTS.clone();
    results.ancova.rows.clear();
    results.flow.arms.active.analysed.clear();
    results.flow.arms.control.analysed.clear();
    let all = checked(&drawn(&results));
    let n = |arm: boldly::trial::Arm| {
        let cpm = results.cpm.as_ref().unwrap().ancova.iter();
        let own: Vec<usize> = cpm.map(|row| *row.n.get(arm)).collect();
        let [least, most] = [own.iter().min(), own.iter().max()].map(Option::unwrap);
        if least == most { format!("CPM: {most}") } else { format!("CPM: {least} to {most}") }
    };
    for arm in boldly::trial::Arm::BOTH {
        assert!(texts(&all).contains(&n(arm).as_str()), "{}", n(arm));
    }
    for start in ["pressure pain: ", "brain: ", "edges: "] {
        let n = texts(&all).iter().filter(|text| text.starts_with(start)).count();
        assert_eq!(n, 4, "two arms, wide and narrow: {start}");
    }
    (results.cpm, results.pressure, results.brain, results.edges) = (None, None, None, None);
    let all = checked(&drawn(&results));
    assert!(texts(&all).contains(&"no endpoint"));
}

#[test]
fn periods_of_a_crossover_have_sides_of_their_own() {
    let results = analysed(&crate::crossover::patients()).unwrap();
    let all = checked(&drawn(&results));
    let texts = texts(&all);
    for side in ["← less with milnacipran", "← less in the first period"] {
        assert!(texts.contains(&side), "{side} is not in {texts:#?}");
    }
    let at = |id: &str| all.iter().position(|e| e.has("id", id)).unwrap();
    let periods = all[at("crossover-periods")..].iter();
    let own: Vec<&Element> = periods.take_while(|e| e.name != "figcaption").collect();
    assert!(own.iter().any(|e| e.name == "text" && e.text.contains("period: outcome")));
    assert!(!own.iter().any(|e| e.name == "text" && e.text.contains("less with")));
}

/// Arms and sexes as numbers, which the dictionary explains.
fn coded() -> Study {
    let mut study = study();
    let table = &mut study.participants;
    for (column, levels) in [
        ("arm", [("0", "placebo", "placebo"), ("2", "milnacipran", "milnacipran 200 mg")]),
        ("sex", [("1", "F", "female"), ("2", "M", "male")]),
    ] {
        let at = table.table.position(column).unwrap();
        for row in &mut table.table.rows {
            if let Some((code, ..)) = levels.iter().find(|(_, word, _)| *word == row[at]) {
                row[at] = (*code).to_owned();
            }
        }
        let levels = levels.map(|(code, _, said)| (code.to_owned(), said.to_owned())).to_vec();
        table.dictionary.variables.retain(|own| own.name != column);
        let variable = Variable { name: column.to_owned(), levels, ..Variable::default() };
        table.dictionary.variables.push(variable);
    }
    study
}

#[test]
fn codes_of_arms_and_levels_are_called_by_what_the_dictionary_says() {
    let plain = analysed(&study()).unwrap();
    let mut study = coded();
    for (control, active) in [("0", None), ("placebo", Some("milnacipran 200 mg"))] {
        study.plan.control = control.to_owned();
        study.plan.active = active.map(str::to_owned);
        let found = analysed(&study).unwrap();
        assert_eq!(found.arms.control, "placebo");
        assert_eq!(found.arms.active, "milnacipran 200 mg");
        assert_eq!(found.ancova.rows[0].difference, plain.ancova.rows[0].difference);
        let told = found
            .notes
            .all
            .iter()
            .any(|note| note.text.contains("0 is placebo, 2 is milnacipran 200 mg"));
        assert!(told, "{:#?}", found.notes);
        let rows = rows(&checked(&drawn(&found)));
        assert!(rows.iter().any(|row| row.contains("female (1)")), "{rows:#?}");
    }
    study.plan.control = "placbo".to_owned();
    study.plan.active = None;
    let error = analysed(&study).unwrap_err().to_string();
    assert!(error.contains("holds 0 (placebo), 2 (milnacipran 200 mg)"), "{error}");
    // Words stay as they are.
    let mut words = self::study();
    let levels = vec![
        ("placebo".to_owned(), "Matching tablets".to_owned()),
        ("milnacipran".to_owned(), String::new()),
    ];
    let own = &mut words.participants.dictionary.variables;
    own.retain(|own| own.name != "arm");
    own.push(Variable { name: "arm".to_owned(), levels, ..Variable::default() });
    assert_eq!(analysed(&words).unwrap().arms.control, "placebo");
}

#[test]
fn treatments_of_a_crossover_may_be_codes_too() {
    let mut study = crate::crossover::patients();
    let table = study.tables.all.iter_mut().find(|own| own.name == "crossover").unwrap();
    let at = table.table.position("treatment").unwrap();
    for row in &mut table.table.rows {
        row[at] = if row[at] == "placebo" { "1" } else { "2" }.to_owned();
    }
    let levels =
        [("1", "placebo"), ("2", "milnacipran")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    table.dictionary.variables.retain(|own| own.name != "treatment");
    table.dictionary.variables.push(Variable {
        name: "treatment".to_owned(),
        levels: levels.to_vec(),
        ..Variable::default()
    });
    let found = analysed(&study).unwrap().crossover.unwrap();
    assert_eq!((found.control.as_str(), found.active.as_str()), ("placebo", "milnacipran"));
}

#[test]
fn change_with_baseline_in_cpm_is_said_of_the_arms_that_have_it() {
    let mut results = RESULTS.clone();
    let said = |results: &Results| {
        let html = drawn(results);
        html.split("Found: r of change with baseline = ")
            .nth(1)
            .map(|rest| rest.split("</p>").next().unwrap().to_owned())
    };
    assert!(
        said(&results).is_some_and(
            |text| text.contains(" in milnacipran, ") && text.ends_with(" in placebo.")
        )
    );
    results.cpm.as_mut().unwrap().change_with_baseline.active = None;
    let text = said(&results).unwrap();
    assert!(text.contains(" in placebo; none in milnacipran, "), "{text}");
    results.cpm.as_mut().unwrap().change_with_baseline.control = None;
    assert_eq!(said(&results), None);
}
