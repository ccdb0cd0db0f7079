//! Of `trial::pressure`.

use boldly::error::Result;
use boldly::trial::results::{Pressure, PressureOfVisit};
use boldly::trial::{Arm, Dictionary, Notes, PressurePlan, pressure};
use serde_json::Value;

use crate::study::{Study, ancova_is_golden, golden, is_golden, study};

fn with_pressure() -> Study {
    let mut study = study();
    study.plan.pressure = Some(PressurePlan {
        table: "pressure".to_owned(),
        pressure: "pressure_kpa".to_owned(),
        rating: "rating".to_owned(),
        target: 50.0,
    });
    study
}

fn analysed(study: &Study, notes: &mut Notes) -> Result<Pressure> {
    pressure::analyse(&study.plan, &study.people(), &study.tables, notes)
}

/// What is said, a line a note.
#[test]
fn which_way_ratings_are_better_the_dictionary_says_or_it_is_said_what_is_taken() {
    use boldly::trial::Direction::{Higher, Lower};
    for (direction, [p50, auc], text, is_warning) in [
        (None, [Higher, Lower], "is taken to be better: no dictionary gives a Direction", false),
        (Some("lower is better"), [Higher, Lower], "pressure is better by pressure.json", false),
        (Some("higher is better"), [Lower, Higher], "a lower P50 and a larger area", true),
    ] {
        let mut study = with_pressure();
        let own = study.tables.all.iter_mut().find(|table| table.name == "pressure").unwrap();
        let entry = direction.map_or("{\"Units\": \"points\"}".to_owned(), |words| {
            format!("{{\"Direction\": \"{words}\"}}")
        });
        own.dictionary =
            Dictionary::parse("pressure.json", &format!("{{\"rating\": {entry}}}")).unwrap();
        let mut notes = Notes::default();
        let found = analysed(&study, &mut notes).unwrap();
        let way = |outcome: &str| {
            found.ancova.iter().find(|row| row.outcome == outcome).unwrap().direction
        };
        assert_eq!((way("pressure:p50"), way("pressure:auc")), (Some(p50), Some(auc)));
        assert_eq!(way("pressure:slope"), None);
        assert_eq!(found.intensities[0].ancova.direction, Some(auc));
        assert!(found.better.contains(text), "{}", found.better);
        let note = notes.all.iter().find(|note| note.text.contains(&found.better)).unwrap();
        assert_eq!(note.severity == boldly::trial::Severity::Warning, is_warning);
    }
}

fn said(notes: &Notes) -> String {
    notes.all.iter().map(|note| format!("{note}\n")).collect()
}

fn visit<'a>(found: &'a Pressure, participant: &str, session: &str) -> &'a PressureOfVisit {
    let is = |v: &&PressureOfVisit| v.participant == participant && v.session == session;
    found.visits.iter().find(is).unwrap()
}

#[test]
pub fn each_visits_line_and_curve_are_golden() {
    let found = analysed(&with_pressure(), &mut Notes::default()).unwrap();
    assert_eq!(found.visits.len(), 167);
    for session in ["ses-baseline", "ses-week13"] {
        let own = visit(&found, "sub-001", session);
        let path = |part: &str| format!("pressure/first_patient/{session}/{part}");
        is_golden(own.slope, &path("slope"));
        is_golden(own.intercept, &path("intercept"));
        is_golden(own.s, &path("s"));
        is_golden(own.dof, &path("dof"));
        is_golden(own.p50.unwrap().value, &path("p50"));
        is_golden(own.p50.unwrap().low.unwrap(), &path("fieller/0"));
        is_golden(own.p50.unwrap().high.unwrap(), &path("fieller/1"));
        is_golden(own.g, &path("g"));
        is_golden(own.p50_isotonic.unwrap(), &path("p50_isotonic"));
        is_golden(own.auc, &path("auc"));
        assert_eq!(golden(&path("in_range")), own.in_range.unwrap());
        is_golden(own.floor_or_ceiling as f64, &path("floor_or_ceiling"));
        assert_eq!(own.in_range, Some(true));
    }
    let n = |is: &dyn Fn(&PressureOfVisit) -> bool| found.visits.iter().filter(|v| is(v)).count();
    is_golden(n(&|v| v.in_range == Some(false)) as f64, "pressure/out_of_range");
    is_golden(n(&|v| v.p50_isotonic.is_none()) as f64, "pressure/isotonic_undefined");
}

#[test]
pub fn arms_are_compared_as_the_golden_says() {
    let found = analysed(&with_pressure(), &mut Notes::default()).unwrap();
    let [p50, slope, auc] = &found.ancova[..] else { panic!("{} rows", found.ancova.len()) };
    ancova_is_golden(p50, "pressure/ancova_p50");
    ancova_is_golden(slope, "pressure/ancova_slope");
    ancova_is_golden(auc, "pressure/ancova_auc");
    let Value::Object(by_intensity) = golden("pressure/by_intensity") else { panic!() };
    assert_eq!(found.intensities.len(), by_intensity.len());
    for row in &found.intensities {
        let path = |part: &str| format!("pressure/by_intensity/{}/{part}", row.pressure);
        is_golden(row.ancova.difference.value, &path("difference"));
        is_golden(row.ancova.difference.low.unwrap(), &path("low"));
        is_golden(row.ancova.difference.se.unwrap(), &path("se"));
        is_golden(row.ancova.difference.high.unwrap(), &path("high"));
        is_golden(row.ancova.test.statistic, &path("t"));
        is_golden(row.ancova.test.dof.unwrap(), &path("dof"));
        is_golden(row.ancova.test.p, &path("p"));
        is_golden(row.p_holm, &path("p_holm"));
    }
    let path = |part: &str| format!("pressure/summary_measures/{part}");
    let mean = found.mean_change.unwrap();
    assert_eq!((mean.n.control, mean.n.active), (40, 35));
    is_golden(mean.n.control as f64, &path("n/0"));
    is_golden(mean.n.active as f64, &path("n/1"));
    is_golden(mean.test.dof.unwrap(), &path("mean_change/dof"));
    is_golden(mean.difference.low.unwrap(), &path("mean_change/low"));
    is_golden(mean.difference.value, &path("mean_change/difference"));
    is_golden(mean.difference.high.unwrap(), &path("mean_change/high"));
    is_golden(mean.test.statistic, &path("mean_change/t"));
    is_golden(mean.test.p, &path("mean_change/p"));
    let slope = found.treatment_by_intensity.unwrap();
    is_golden(slope.difference.value, &path("treatment_by_intensity/difference_per_100kpa"));
    is_golden(slope.test.statistic, &path("treatment_by_intensity/t"));
    is_golden(slope.difference.high.unwrap(), &path("treatment_by_intensity/high_per_100kpa"));
    // The mixed model's estimate is this one; its standard error takes z where there are 73 degrees of freedom.
    is_golden(slope.difference.value, "pressure/mixed_model_check/t_by_x");
    is_golden(slope.difference.low.unwrap(), &path("treatment_by_intensity/low_per_100kpa"));
    is_golden(slope.test.dof.unwrap(), &path("treatment_by_intensity/dof"));
    is_golden(slope.test.p, &path("treatment_by_intensity/p"));
    // Curves: control and active at each session, of those with the visit.
    let curves: Vec<(Arm, &str, usize)> =
        found.curves.iter().map(|c| (c.arm, c.session.as_str(), c.n[0])).collect();
    assert_eq!(
        curves,
        [
            (Arm::Control, "ses-baseline", 46),
            (Arm::Active, "ses-baseline", 46),
            (Arm::Control, "ses-week13", 40),
            (Arm::Active, "ses-week13", 35)
        ]
    );
    let own = &found.curves[3].rating[5];
    assert!(own.low.unwrap() < own.value && own.value < own.high.unwrap());
}

#[test]
fn another_target_is_another_pressure_and_its_name_says_so() {
    let mut study = with_pressure();
    study.plan.pressure.as_mut().unwrap().target = 30.0;
    let found = analysed(&study, &mut Notes::default()).unwrap();
    let own = visit(&found, "sub-001", "ses-baseline");
    let want = (30.0 - own.intercept) / own.slope;
    assert!((own.p50.unwrap().value - want).abs() < 1e-9);
    assert_eq!(found.ancova[0].label, "P30 (pressure rated 30)");
}

/// Set the ratings of sub-001's baseline, by rising pressure.
fn rate(study: &mut Study, ratings: [&str; 6]) {
    let mut rows: Vec<(usize, usize)> =
        (0..6).map(|row| (study.cells("pressure").rows[row][2].parse().unwrap(), row)).collect();
    rows.sort_unstable();
    for ((_, row), rating) in rows.into_iter().zip(ratings) {
        study.set("pressure", row, "rating", rating);
    }
}

#[test]
fn what_is_extrapolated_unbounded_or_undefined_is_flagged_and_named() {
    let mut notes = Notes::default();
    analysed(&with_pressure(), &mut notes).unwrap();
    assert!(
        said(&notes).contains(
            "2 visits with the rating 50 outside the tested pressures (extrapolated, flagged, kept)"
        ),
        "{}",
        said(&notes)
    );
    assert!(said(&notes).contains("ratings are taken to be from 0 to 100"), "{}", said(&notes));
    // Noise: a slope that does not differ from 0.
    let mut study = with_pressure();
    rate(&mut study, ["40", "70", "30", "60", "45", "62"]);
    let mut notes = Notes::default();
    let found = analysed(&study, &mut notes).unwrap();
    let own = visit(&found, "sub-001", "ses-baseline");
    assert!(own.g >= 1.0 && own.p50.unwrap().low.is_none() && own.p50.unwrap().high.is_none());
    assert!(said(&notes).contains("1 visit with unbounded limits of the pressure rated 50 (Fieller's g is 1 or more: the slope does not differ from 0): sub-001 (ses-baseline)"), "{}", said(&notes));
    // Falling, and flat: no pressure is the target's.
    for ratings in [["60", "50", "40", "30", "20", "10"], ["0"; 6]] {
        let mut study = with_pressure();
        rate(&mut study, ratings);
        let mut notes = Notes::default();
        let found = analysed(&study, &mut notes).unwrap();
        let own = visit(&found, "sub-001", "ses-baseline");
        assert_eq!((own.p50, own.in_range), (None, None));
        assert!(
            said(&notes).contains("1 visit with ratings that do not rise with pressure, so that no pressure is rated 50"),
            "{}",
            said(&notes)
        );
        assert!(found.ancova[0].left_out.active.contains(&"sub-001".to_owned()));
    }
}

#[test]
fn stimuli_without_a_rating_do_not_count_and_are_told() {
    let mut study = with_pressure();
    rate(&mut study, ["5", "10", "n/a", "32", "49", "63"]);
    let mut notes = Notes::default();
    let found = analysed(&study, &mut notes).unwrap();
    assert_eq!(visit(&found, "sub-001", "ses-baseline").n, 5);
    assert!(
        said(&notes)
            .contains("1 visit with stimuli that lack a rating, which do not count: sub-001"),
        "{}",
        said(&notes)
    );
    assert!(
        said(&notes).contains("1 participant without a rating at one of the pressures, left out"),
        "{}",
        said(&notes)
    );
    assert_eq!(found.mean_change.unwrap().n.active, 34);
    let mut study = with_pressure();
    rate(&mut study, ["5", "10", "n/a", "n/a", "n/a", "n/a"]);
    let mut notes = Notes::default();
    analysed(&study, &mut notes).unwrap();
    assert!(said(&notes).contains("1 visit without a line"), "{}", said(&notes));
    // A stimulus that is not there at all.
    let mut study = with_pressure();
    study.cells("pressure").rows.remove(0);
    let mut notes = Notes::default();
    analysed(&study, &mut notes).unwrap();
    assert!(
        said(&notes).contains("1 visit with another number of stimuli than the usual 6: given twice, or lacking: sub-001 (ses-baseline, 5)"),
        "{}",
        said(&notes)
    );
    // Another range: its area is another.
    let mut study = with_pressure();
    rate(&mut study, ["5", "10", "20", "32", "49", "n/a"]);
    let mut notes = Notes::default();
    analysed(&study, &mut notes).unwrap();
    assert!(said(&notes).contains("1 visit over another range of pressures than most, whose area is of that range: sub-001"), "{}", said(&notes));
}

#[test]
fn series_stand_beside_what_they_give_together() {
    let mut study = with_pressure();
    let table = study.cells("pressure");
    table.columns.push("series".to_owned());
    let rows = table.rows.clone();
    // The random series as it is, and an ascending one rated 5 lower.
    table.rows = Vec::new();
    for cells in rows {
        let rating: f64 = cells[3].parse().unwrap();
        for (series, rating) in [("random", rating), ("ascending", rating - 5.0)] {
            let mut cells = cells.clone();
            cells[3] = rating.to_string();
            cells.push(series.to_owned());
            table.rows.push(cells);
        }
    }
    let own = study.tables.all.iter_mut().find(|table| table.name == "pressure").unwrap();
    let range = r#"{"rating": {"Minimum": -5, "Maximum": 100}}"#;
    own.dictionary = Dictionary::parse("pressure.json", range).unwrap();
    let mut notes = Notes::default();
    let found = analysed(&study, &mut notes).unwrap();
    assert!(
        said(&notes).contains(
            "ascending less random series at ses-baseline: the pressure rated 50 differs by"
        ),
        "{}",
        said(&notes)
    );
    // p of a note as journals have it.
    assert!(said(&notes).contains("), p < .001, in 92 participants;"), "{}", said(&notes));
    assert_eq!(found.series.len(), 2 * 167);
    let plain = analysed(&with_pressure(), &mut Notes::default()).unwrap();
    let want = visit(&plain, "sub-001", "ses-baseline");
    let of = |series: &str| {
        let own =
            found.series.iter().find(|row| row.participant == "sub-001" && row.series == series);
        own.unwrap().p50.unwrap().value
    };
    assert!((of("random") - want.p50.unwrap().value).abs() < 1e-9);
    assert!((of("ascending") - of("random") - 5.0 / want.slope).abs() < 1e-9);
    let both = visit(&found, "sub-001", "ses-baseline");
    assert_eq!(both.n, 12);
    assert!((both.p50.unwrap().value - 0.5 * (of("random") + of("ascending"))).abs() < 1e-9);
    let differ = found.series_differ.unwrap();
    assert_eq!((differ.series, differ.n), (["ascending".to_owned(), "random".to_owned()], 92));
    assert!(differ.difference.value > 0.0 && differ.test.p < 1e-20);
    // A visit that has one of the two alone.
    assert!(!said(&notes).contains("other series"), "{}", said(&notes));
    let rows = &mut study.cells("pressure").rows;
    rows.retain(|row| row[..2] != ["sub-001", "ses-week13"] || row.last().unwrap() == "random");
    let mut notes = Notes::default();
    analysed(&study, &mut notes).unwrap();
    let want = "sub-001 (ses-baseline ascending + random, ses-week13 random)";
    assert!(said(&notes).contains(want), "{}", said(&notes));
}

#[test]
fn pressures_that_cannot_be_right_are_refused() {
    let refused = |spoil: &dyn Fn(&mut Study), says: &[&str]| {
        let mut study = with_pressure();
        spoil(&mut study);
        let error = analysed(&study, &mut Notes::default()).unwrap_err().to_string();
        says.iter().for_each(|part| assert!(error.contains(part), "{error}"));
    };
    refused(
        &|study| study.set("pressure", 2, "pressure_kpa", "n/a"),
        &["pressure.tsv, line 4 (sub-001)", "holds n/a in column pressure_kpa"],
    );
    refused(&|study| study.set("pressure", 2, "pressure_kpa", "-280"), &["line 4", "holds -280"]);
    refused(&|study| study.set("pressure", 2, "rating", "32 mm"), &["line 4", "'32 mm'"]);
    refused(
        &|study| {
            let table = study.cells("pressure");
            table.columns.push("repetition".to_owned());
            table.rows.iter_mut().for_each(|cells| cells.push("1".to_owned()));
            table.rows[1][2] = table.rows[0][2].clone();
        },
        &["line 3 (sub-001)", "has the repetition, pressure_kpa of line 2"],
    );
    refused(
        &|study| {
            let own = study.tables.all.iter_mut().find(|table| table.name == "pressure").unwrap();
            own.dictionary =
                Dictionary::parse("pressure.json", r#"{"rating": {"Range": [0, 10]}}"#).unwrap();
            own.table.rows.iter_mut().for_each(|cells| cells[3] = "5".to_owned());
        },
        &[
            "the target rating 50",
            "lies outside the Range of rating in pressure.json",
            "be from 0 to 10",
        ],
    );
    // A scale of 0 to 10 without a dictionary: nothing reaches 50, which is said.
    let mut study = with_pressure();
    for cells in &mut study.cells("pressure").rows {
        cells[3] = (cells[3].parse::<f64>().unwrap() / 10.0).to_string();
    }
    let mut notes = Notes::default();
    analysed(&study, &mut notes).unwrap();
    assert!(said(&notes).contains("no stimulus was rated 50 or more"), "{}", said(&notes));
    assert!(said(&notes).contains("ratings are taken to be from 0 to 10:"), "{}", said(&notes));
}

/// The unit is one on all of the page: that of the dictionary, else that of the column's name.
#[test]
fn units_of_pressure_are_said_once_and_the_same_everywhere() {
    use boldly::trial::sheets::sheets;
    let results = |column: &str, dictionary: &str| {
        let mut study = with_pressure();
        let own = study.tables.all.iter_mut().find(|table| table.name == "pressure").unwrap();
        let at = own.table.position("pressure_kpa").unwrap();
        own.table.columns[at] = column.to_owned();
        own.dictionary = Dictionary::parse("pressure.json", dictionary).unwrap();
        study.plan.pressure.as_mut().unwrap().pressure = column.to_owned();
        study.plan.outcomes.clear();
        boldly::trial::analyse(
            &study.plan,
            study.participants.clone(),
            &study.tables,
            Notes::default(),
        )
    };
    for (column, dictionary, axis, unit) in [
        ("pressure_kpa", "{}", "Pressure (kPa)", "kPa"),
        ("pressure_kpa", r#"{"pressure_kpa": {"Units": "kPa"}}"#, "Pressure (kPa)", "kPa"),
        (
            "force",
            r#"{"force": {"LongName": "Force", "Units": "N/cm2"}}"#,
            "Force (N/cm2)",
            "N/cm2",
        ),
    ] {
        let results = results(column, dictionary).unwrap();
        let page = crate::report::drawn(&results);
        assert!(page.contains(axis), "{axis}");
        assert!(!page.contains("(N/cm2)") || unit == "N/cm2");
        assert!(!page.contains("(kPa)") || unit == "kPa");
        for (sheet, own) in [("pressure", "p50"), ("intensities", "pressure")] {
            let sheet = sheets(&results).into_iter().find(|one| one.name == sheet).unwrap();
            assert_eq!(sheet.dictionary[own]["Units"], unit, "{own}");
        }
        let p50 = &results.pressure.unwrap().ancova[0];
        assert_eq!(p50.units.as_deref(), Some(unit));
    }
    for (dictionary, part) in [
        (r#"{"pressure_kpa": {"Units": "N/cm2"}}"#, "the Units 'N/cm2', and its name says kPa"),
        (r#"{"rating": {"Units": "kPa"}}"#, "gives rating the Units 'kPa', those of a stimulus"),
    ] {
        let said = results("pressure_kpa", dictionary).unwrap_err().to_string();
        assert!(said.contains(part), "{said}");
    }
    let both = r#"{"pressure_kpa": {"Units": "kPa"}, "rating": {"Units": "points"}}"#;
    let results = results("pressure_kpa", both).unwrap();
    let sheet = sheets(&results).into_iter().find(|one| one.name == "pressure").unwrap();
    assert_eq!(sheet.dictionary["slope"]["Units"], "points/kPa");
}

#[test]
fn ratings_of_a_visit_without_a_line_count_at_their_pressures() {
    let mut study = with_pressure();
    let of_visit = |row: &Vec<String>| row[0] == "sub-019" && row[1] == "ses-week13";
    let is_gone = |row: &Vec<String>| of_visit(row) && !["160", "400"].contains(&row[2].as_str());
    study.cells("pressure").rows.retain(|row| !is_gone(row));
    let mut notes = Notes::default();
    let found = analysed(&study, &mut notes).unwrap();
    // By numpy: least squares of the rating on arm and that at baseline.
    for (pressure, active, difference) in [
        (100.0, 34, -2.4985072598811087),
        (160.0, 35, -1.1929248108623753),
        (400.0, 35, -3.742042694131376),
    ] {
        let row = found.intensities.iter().find(|row| row.pressure == pressure).unwrap();
        assert_eq!((row.ancova.n.active, row.ancova.n.control), (active, 40), "{pressure}");
        let value = row.ancova.difference.value;
        assert!((value - difference).abs() < 1e-9, "{pressure}: {value}");
    }
    let at = |curve: &&boldly::trial::results::PressureCurve| {
        curve.arm == Arm::Active && curve.session == "ses-week13"
    };
    let curve = found.curves.iter().find(at).unwrap();
    assert_eq!(curve.n, [34, 35, 34, 34, 34, 35]);
    assert_eq!(found.ancova[0].n.active, 34, "P50 is of lines");
    let part = "in no P50, slope or area, their ratings count at each pressure";
    assert!(said(&notes).contains(part), "{}", said(&notes));
}
