//! Of `--covariate`: what enters the analyses of covariance beside arm, strata and baseline.

use std::fs;

use boldly::error::Result;
use boldly::io::tsv;
use boldly::table::Table;
use boldly::trial::results::{AncovaRow, Estimate};
use boldly::trial::{
    BrainPlan, Dictionary, EdgesPlan, Measured, Missing, Notes, Permutations, Results, analyse,
};
use serde_json::Value;

use super::command::{NRS, boldly, run, study as folder_of_study};
use crate::study::{Study, folder, study};

const SESSIONS: [&str; 2] = ["ses-baseline", "ses-week13"];

/// Beats a minute of the k-th participant (from 1), by the rule of tests/oracles/trial_adjusted.py.
fn heart_rate(k: usize, visit: usize) -> String {
    match visit == 1 && k.is_multiple_of(13) {
        true => "n/a".to_owned(),
        false => (55 + (k * 7 + visit * (k % 4 + 2) * 5) % 23).to_string(),
    }
}

/// As `glm --physio` writes it, all runs in one.
fn physio_summary() -> Measured {
    let row = |at: usize| {
        let (k, visit) = (at / 2 + 1, at % 2);
        vec![format!("sub-{k:03}"), SESSIONS[visit].to_owned(), heart_rate(k, visit)]
    };
    let table = Table {
        name: "physio_summary.tsv".to_owned(),
        columns: ["participant_id", "session_id", "heart_rate"].map(str::to_owned).to_vec(),
        rows: (0..2 * 92).map(row).collect(),
    };
    let (name, dictionary) = ("physio_summary".to_owned(), Dictionary::default());
    Measured { name, table, dictionary, origin: Vec::new() }
}

fn with(covariates: &[&str]) -> Study {
    let mut study = study();
    study.tables.all.push(physio_summary());
    study.plan.outcomes.truncate(1);
    study.plan.missing = vec![Missing::Observed];
    study.plan.covariates = covariates.iter().map(|text| text.parse().unwrap()).collect();
    study
}

fn tried(study: &Study) -> Result<Results> {
    let mut notes = Notes::default();
    let plan = study.plan.clone().resolved(&study.tables, &mut notes)?;
    analyse(&plan, study.participants.clone(), &study.tables, notes)
}

#[track_caller]
fn is_near(got: f64, want: &Value, what: &str) {
    let want = want.as_f64().unwrap_or_else(|| panic!("no golden {what}"));
    let off = (got - want).abs() / want.abs().max(1e-3);
    assert!(off < 1e-9, "{what}: {got:e} is not {want:e} ({off:e} off)");
}

fn golden(part: &str) -> Value {
    let text = fs::read_to_string(folder().join("golden_covariates.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()[part].clone()
}

#[track_caller]
fn row_is_golden(row: &AncovaRow, part: &str) {
    let want = golden(part);
    let is = |got: f64, path: &str| {
        is_near(got, want.pointer(path).unwrap(), &format!("{part}{path}"));
    };
    let limits = |of: Estimate, less: f64, path: &str| {
        is(of.value - less, &format!("{path}/value"));
        is(of.low.unwrap() - less, &format!("{path}/low"));
        is(of.high.unwrap() - less, &format!("{path}/high"));
    };
    is(row.n.active as f64, "/n_active");
    is(row.n.control as f64, "/n_control");
    limits(row.difference, 0.0, "/difference");
    is(row.difference.se.unwrap(), "/difference/se");
    is(row.test.statistic, "/difference/t");
    is(row.test.p, "/difference/p");
    is(row.test.dof.unwrap(), "/dof");
    is(row.hc3_se.unwrap(), "/hc3_se");
    is(row.sigma, "/sigma");
    limits(row.ls_means.active.endpoint, row.baseline_mean, "/active_change");
    limits(row.ls_means.control.endpoint, row.baseline_mean, "/control_change");
}

fn has(results: &Results, part: &str) -> bool {
    results.notes.all.iter().any(|note| note.to_string().contains(part))
}

#[test]
fn numbers_levels_and_values_of_visits_are_golden() {
    let found = tried(&with(&["age"])).unwrap();
    row_is_golden(&found.ancova.rows[0], "age");
    assert_eq!(found.ancova.rows[0].columns, ["constant", "arm", "age", "baseline"]);
    let mut study = with(&["age", "sex"]);
    study.plan.strata = vec!["site".to_owned()];
    let found = tried(&study).unwrap();
    row_is_golden(&found.ancova.rows[0], "site, age and sex");
    assert!(found.ancova.rows[0].columns.iter().any(|name| name == "sex[M]"));
    // Of a table with visits that at baseline, unless something else is asked for.
    let found = tried(&with(&["physio_summary:heart_rate"])).unwrap();
    row_is_golden(&found.ancova.rows[0], "heart rate");
    assert!(!has(&found, "after randomisation"));
    let found = tried(&with(&["participants:age", "heart_rate@change"])).unwrap();
    row_is_golden(&found.ancova.rows[0], "age and change of heart rate");
    assert!(has(&found, "physio_summary:heart_rate@change is known only after randomisation"));
    assert!(has(
        &found,
        "7 participants lack covariate physio_summary:heart_rate@change: in no analysis of covariance: sub-013"
    ));
    assert!(has(
        &found,
        "adjusted also for age (a number, less its mean over those analysed), physio_summary:heart_rate@change"
    ));
    let left_out = &found.ancova.rows[0].left_out;
    assert!(
        [&left_out.active, &left_out.control].iter().any(|own| own.contains(&"sub-013".into()))
    );
}

#[test]
fn edges_and_rearrangements_are_adjusted_too() {
    let mut study = with(&["age"]);
    study.plan.edges = Some(EdgesPlan { table: "coupling".to_owned() });
    study.tables.all.push(crate::edges::long());
    study.plan.permutations = Some(Permutations { n: 2000, seed: 3 });
    let found = tried(&study).unwrap();
    let (row, want) = (&found.edges.as_ref().unwrap().rows[2], golden("edge 2 with age"));
    is_near(row.difference.unwrap().value, &want["difference"]["value"], "edge");
    is_near(row.test.unwrap().p, &want["difference"]["p"], "edge");
    is_near(row.change.unwrap().active.high.unwrap(), &want["active_change"]["high"], "edge");
    let row = &found.ancova.rows[0];
    let (p, permuted) = (row.test.p, row.p_permuted.unwrap());
    assert!((permuted - p).abs() < 5.0 * (p.max(5e-4) / 2000.0).sqrt(), "{permuted} {p}");
}

#[test]
fn who_is_alone_at_a_level_among_those_with_every_covariate_is_told() {
    let mut study = with(&["site", "age"]);
    study.plan.strata = Vec::new();
    study.set("participants", 4, "site", "berlin");
    study.set("participants", 9, "site", "berlin");
    let told = |study: &Study| {
        let notes = tried(study).unwrap().notes.all;
        notes.into_iter().find(|note| note.text.contains("alone at a level of site"))
    };
    assert!(told(&study).is_none());
    study.set("participants", 9, "age", "n/a");
    assert_eq!(told(&study).unwrap().participants, ["sub-005"]);
}

#[test]
fn a_covariate_from_which_the_endpoint_follows_is_named() {
    let mut study = with(&["brain:pag_pain@change"]);
    let regions = vec!["pag_pain".to_owned()];
    study.plan.brain = Some(BrainPlan { table: "brain".to_owned(), regions });
    let error = tried(&study).unwrap_err().to_string();
    for part in [
        "brain:pag_pain is fitted exactly by arm, baseline and covariates (brain:pag_pain@change)",
        "leave out the covariate that the endpoint follows from",
        "--region",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn whether_a_covariate_is_a_number_or_levels_is_said_and_codes_are_asked_after() {
    let mut study = with(&["age", "sex", "site"]);
    study.plan.strata = Vec::new();
    (0..92).for_each(|row| study.set("participants", row, "site", ["1", "2", "3"][row % 3]));
    let said = |study: &Study| {
        let notes = tried(study).unwrap().notes.all;
        notes.iter().map(ToString::to_string).collect::<Vec<String>>().join("\n")
    };
    let (number, codes) =
        ("site (a number, less its mean", "covariate site has the values 1, 2, 3");
    let found = said(&study);
    assert!(found.contains("sex (levels F, M)") && found.contains("age (a number,"), "{found}");
    assert!(found.contains(number) && found.contains(codes), "{found}");
    let text = r#"{"site": {"Levels": {"1": "cologne", "2": "london", "3": "paris"}}}"#;
    let dictionary = Dictionary::parse("participants.json", text).unwrap();
    study.participants.dictionary = dictionary.clone();
    study.tables.all[0].dictionary = dictionary;
    let found = said(&study);
    assert!(
        found.contains("site (levels cologne, london, paris)") && !found.contains(codes),
        "{found}"
    );
    // at a visit codes are numbers, whatever they mean
    let found = said(&with(&["questionnaires:pgic@endpoint"]));
    assert!(found.contains("has Levels in questionnaires.json and enters as a number"), "{found}");
}

#[test]
fn what_cannot_be_a_covariate_is_refused_with_its_name() {
    #[track_caller]
    fn refused(study: &Study, says: &[&str]) {
        let error = tried(study).unwrap_err().to_string();
        says.iter().for_each(|part| assert!(error.contains(part), "{part}: {error}"));
    }
    let column = |name: &str, of: &dyn Fn(usize, &[String]) -> String| {
        let mut study = with(&[name]);
        for own in [&mut study.participants.table, &mut study.tables.all[0].table] {
            own.columns.push(name.to_owned());
            own.rows.iter_mut().enumerate().for_each(|(at, row)| row.push(of(at, row)));
        }
        study
    };
    refused(&with(&["aeg"]), &["column 'aeg'", "did you mean 'age'?"]);
    refused(&with(&["arm"]), &["--covariate arm", "is the arm"]);
    refused(&with(&["age", "age"]), &["--covariate age", "is named twice"]);
    refused(&with(&["last_day"]), &["--covariate last_day", "after they were randomised"]);
    refused(&with(&["age@change"]), &["is of a table without visits"]);
    let error = "age@later".parse::<boldly::trial::Covariate>().unwrap_err().to_string();
    assert!(error.contains("'@later'") && error.contains("@baseline, @endpoint or @change"));
    let mut study = with(&["site"]);
    study.plan.strata = vec!["site".to_owned()];
    refused(&study, &["--covariate site", "is a stratum, too"]);
    let mut study = with(&["age"]);
    study.plan.outcomes.clear();
    study.plan.adverse_events = Some("adverse_events".to_owned());
    refused(&study, &["--covariate", "comes without an analysis of covariance"]);
    refused(&column("one", &|_, _| "4".to_owned()), &["--covariate one", "is '4' in all"]);
    refused(&column("none", &|_, _| "n/a".to_owned()), &["is n/a in all participants"]);
    refused(&column("id", &|at, _| format!("word{at}")), &["has 92 values in 92 participants"]);
    refused(
        &column("slip", &|at, _| if at == 5 { "4,1".into() } else { at.to_string() }),
        &["line 7 (sub-006)", "'4,1' in column slip"],
    );
    // What follows from the arm, and two of which one follows from the other.
    let of_arm = |_: usize, row: &[String]| u8::from(row[1] == "placebo").to_string();
    refused(
        &column("code", &of_arm),
        &["covariate code of questionnaires:nrs", "follows from constant, arm"],
    );
    let mut study = column("months", &|_, row| {
        row[3].parse::<u32>().map_or("n/a".into(), |a| (12 * a).to_string())
    });
    study.plan.covariates.push("age".parse().unwrap());
    refused(&study, &["covariate months", "follows from age"]);
    // The outcome's own baseline is in the model already.
    refused(
        &with(&["questionnaires:nrs"]),
        &["questionnaires:nrs@baseline", "follows from baseline"],
    );
}

#[test]
fn the_command_takes_them_says_so_and_repeats_it_from_its_plan() {
    let dir = folder_of_study();
    let dir = dir.path();
    fs::write(dir.join("physio_summary.tsv"), tsv::write_string(&physio_summary().table)).unwrap();
    let table = "--table physio_summary.tsv";
    let line = format!("{NRS} {table} --covariate age,heart_rate@change --brain brain --out out");
    let (_, said) = run(dir, &line);
    assert!(
        said.contains("7 participants lack covariate physio_summary:heart_rate@change"),
        "{said}"
    );
    let sheet = tsv::read(&dir.join("out/ancova.tsv")).unwrap();
    let at = sheet.position("adjusted_for").unwrap();
    let names = "age, physio_summary:heart_rate@change";
    assert!(sheet.rows.iter().all(|row| row[at] == names), "{:?}", sheet.rows[0]);
    let page = fs::read_to_string(dir.join("out/report.html")).unwrap();
    assert!(page.contains("adjusted for baseline, age and physio_summary:heart_rate@change"));
    assert!(page.contains("with the covariates age, physio_summary:heart_rate@change"));
    run(dir, &format!("trial study --plan out/plan.json {table} --out again"));
    let read = |out: &str| fs::read_to_string(dir.join(out).join("ancova.tsv")).unwrap();
    assert_eq!(read("out"), read("again"));
    run(dir, "verify out");
    let output = boldly(dir, &format!("{NRS} --covariate agee --dry-run"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("did you mean 'age'?"), "{said}");
}

#[test]
fn the_page_says_what_is_adjusted_for_physiology_and_which_rows_responders_have() {
    let heading = |study: &Study| {
        let html = crate::report::drawn(&tried(study).unwrap());
        let from = html.find("p are not adjusted, and ").unwrap();
        html[from..].split(['<', '"']).next().unwrap().to_owned()
    };
    let end = "p are not adjusted, and ";
    assert_eq!(heading(&with(&["age"])), format!("{end}no result is corrected by them"));
    for at in ["baseline", "change"] {
        let name = format!("physio_summary:heart_rate@{at}");
        let said = format!("{end}analyses of covariance are adjusted for {name}");
        assert_eq!(heading(&with(&[&name])), said);
    }
    // Motion of it, where a relation of a region is given it.
    let mut study = with(&[]);
    let table = study.cells("brain");
    let fd = table.position("mean_fd").unwrap();
    table.columns[fd] = "other".to_owned();
    study.plan.brain =
        Some(BrainPlan { table: "brain".to_owned(), regions: vec!["pag_pain".to_owned()] });
    study.plan.motion = Some("physio_summary:heart_rate".parse().unwrap());
    study.plan.correlations = vec!["brain:pag_pain~questionnaires:nrs".parse().unwrap()];
    let said = "relations of regions without motion of their own are shown given physio_summary:heart_rate, too";
    assert_eq!(heading(&study), format!("{end}{said}"));
    // Rows of responders by the ways that there are.
    for (missing, said) in [
        (vec![Missing::Bocf], "(baseline carried forward). A patient"),
        (vec![Missing::Observed], "; beside it stand those observed, who have every part. A"),
    ] {
        let mut study = with(&[]);
        study.plan.responders = vec!["questionnaires:pgic<=2".parse().unwrap()];
        study.plan.missing = missing;
        let html = crate::report::drawn(&tried(&study).unwrap());
        assert!(html.contains(said), "{said}");
    }
}

#[test]
fn an_endpoint_that_is_the_same_in_all_is_not_laid_to_a_covariate() {
    let mut study = with(&["age"]);
    let table = study.cells("questionnaires");
    let [session, nrs] = ["session_id", "nrs"].map(|name| table.position(name).unwrap());
    let after = table.rows.iter_mut().filter(|row| row[session] == "ses-week13");
    after.filter(|row| row[nrs] != "n/a").for_each(|row| row[nrs] = "5".to_owned());
    let error = tried(&study).unwrap_err().to_string();
    assert!(error.contains("questionnaires:nrs is 5 in all "), "{error}");
    assert!(error.contains("analysed at ses-week13") && !error.contains("age"), "{error}");
}
