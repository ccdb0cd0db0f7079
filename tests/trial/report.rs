//! The page of a trial: well formed, complete, and true to the results it is made of.

use std::sync::LazyLock;

use boldly::report::trial::{PictureFile, TrialPage, page};
use boldly::trial::results::Estimate;
use boldly::trial::{
    Arm, BrainPlan, CpmPlan, EdgesPlan, Note, Notes, PressurePlan, Results, Severity, analyse,
};

use crate::checked::{Element, checked};
use crate::study::{Study, study};

/// A study whose plan asks for everything.
pub fn whole() -> Study {
    let mut study = study();
    let plan = &mut study.plan;
    plan.primary = plan.outcomes.iter().map(|o| o.column.clone()).collect();
    let rule =
        "pain=questionnaires:nrs<=-30%; questionnaires:pgic<=2; pcs=questionnaires:sf36_pcs>=+6";
    plan.responders = vec![rule.parse().unwrap()];
    plan.missing = vec![boldly::trial::Missing::Observed, boldly::trial::Missing::Bocf];
    let [table, pre, post] = ["cpm", "ts_pre", "ts_post"].map(str::to_owned);
    plan.cpm = Some(CpmPlan { table, pre, post, threshold: false });
    let [table, pressure, rating] = ["pressure", "pressure_kpa", "rating"].map(str::to_owned);
    plan.pressure = Some(PressurePlan { table, pressure, rating, target: 50.0 });
    plan.adverse_events = Some("adverse_events".to_owned());
    let regions = ["pag_pain", "precuneus_pain", "insula_dmn_z"].map(str::to_owned).to_vec();
    plan.brain = Some(BrainPlan { table: "brain".to_owned(), regions });
    plan.correlations = vec!["brain:insula_dmn_z~questionnaires:nrs".parse().unwrap()];
    plan.strata = vec!["site".to_owned()];
    plan.edges = Some(EdgesPlan { table: "coupling".to_owned() });
    study.tables.all.push(crate::edges::long());
    study
}

pub static RESULTS: LazyLock<Results> = LazyLock::new(|| {
    let study = whole();
    let mut results =
        analyse(&study.plan, study.participants.clone(), &study.tables, Notes::default()).unwrap();
    results.study = "A simulated trial".to_owned();
    results.version = "0.1.0".to_owned();
    results
});

pub fn drawn(results: &Results) -> String {
    with_pictures(results, &[])
}

pub fn with_pictures(results: &Results, pictures: &[PictureFile]) -> String {
    let command_line = ["boldly", "trial", "study", "--out", "a <b>"].map(str::to_owned);
    let of =
        TrialPage { results, command_line: &command_line, inputs: &[], outputs: &[], pictures };
    page(&of)
}

/// Rows of all tables, cells parted by `|`, hard spaces made soft.
pub fn rows(all: &[Element]) -> Vec<String> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for element in all {
        match element.name.as_str() {
            "tr" => rows.push(Vec::new()),
            "td" | "th" => rows.last_mut().unwrap().push(element.text.replace('\u{a0}', " ")),
            _ => {}
        }
    }
    rows.iter().map(|cells| cells.join("|")).collect()
}

#[track_caller]
fn holds(rows: &[String], row: &str) {
    let near: Vec<&String> =
        rows.iter().filter(|own| own.split('|').next() == row.split('|').next()).collect();
    assert!(rows.iter().any(|own| own == row), "no row {row}\nbut {near:#?}");
}

#[test]
fn the_page_is_well_formed_and_every_part_is_on_it() {
    let html = drawn(&RESULTS);
    if let Some(folder) = std::env::var_os("BOLDLY_LOOK") {
        std::fs::write(std::path::Path::new(&folder).join("trial.html"), &html).unwrap();
    }
    let all = checked(&html);
    let titles: Vec<&str> =
        all.iter().filter(|e| e.name == "h2").map(|e| e.text.as_str()).collect();
    let wanted = [
        "Participants and missing values",
        "Notes",
        "Disposition",
        "Baseline",
        "Outcomes",
        "Responders",
        "Conditioned pain modulation",
        "Pressure pain",
        "Brain",
        "Edges between regions",
        "Brain and behaviour",
        "Adverse events",
        "Methods",
        "About this page",
    ];
    assert_eq!(titles, wanted);
    assert!(all.iter().any(|e| e.name == "pre" && e.text == "boldly trial study --out 'a <b>'"));
    assert!(html.len() < 1_000_000, "{} bytes", html.len());
}

#[test]
fn a_number_needed_says_whether_it_is_of_benefit_or_of_harm() {
    let mut results = RESULTS.clone();
    let row = &mut results.responders.as_mut().unwrap().rows[0];
    let nnt = row.nnt.as_mut().unwrap();
    (nnt.value, nnt.text) = (-3.8, "NNTH 2.3 to 12.0".to_owned());
    assert!(drawn(&results).contains("NNTH\u{a0}3.8 (NNTH\u{a0}2.3\u{a0}to\u{a0}12.0)"));
    let row = &mut results.responders.as_mut().unwrap().rows[0];
    let nnt = row.nnt.as_mut().unwrap();
    (nnt.value, nnt.text) = (-46.0, "NNTH 4.7 to infinity to NNTB 5.9".to_owned());
    let want = "NNTH\u{a0}46.0 (NNTH\u{a0}4.7\u{a0}to\u{a0}infinity to\u{a0}NNTB\u{a0}5.9)";
    assert!(drawn(&results).contains(want));
}

#[test]
fn tables_show_the_golden_numbers_with_the_digits_that_journals_want() {
    let all = checked(&drawn(&RESULTS));
    let rows = rows(&all);
    // The primary analysis has site as a factor; what has not is compared with the goldens.
    for row in [
        "age|44.6 (7.6)|44.5 [41.0, 50.5]|43.4 (7.4)|42.0 [40.0, 47.8]|0.15",
        "Nausea|33/46 (71.7 %)|39|20/46 (43.5 %)|27|28.3 (8.0 to 46.3)|28.3 (8.1 to 45.5)",
        "any treatment-emergent|44/46 (95.7 %)|147|35/46 (76.1 %)|79|19.6 (5.9 to 34.4)|19.6 (5.3 to 33.9)",
        "adverse event|8/46 (17.4 %)|2/46 (4.3 %)|13.0 (0.3 to 27.2)",
        "pain|non-response|18/46 (39.1 %)|6/46 (13.0 %)|26.1 (8.4 to 42.8)|.008|NNTB 3.8 (NNTB 2.3 to 12.0)",
        "pain|observed|18/35 (51.4 %)|6/40 (15.0 %)|36.4 (15.5 to 54.9)|.001|NNTB 2.7 (NNTB 1.8 to 6.5)",
        "pain + pgic + pcs|non-response|5/46 (10.9 %)|1/46 (2.2 %)|8.7 (−1.9 to 21.3)|.203|NNTB 11.5 (NNTB 4.7 to infinity to NNTH 52.7)",
    ] {
        holds(&rows, row);
    }
}

#[test]
fn names_with_signs_that_mean_something_in_html_come_out_as_they_are() {
    let name = "<b>&\"it's\"&amp;<!--";
    let mut results = RESULTS.clone();
    results.study = name.to_owned();
    (results.arms.active, results.flow.arms.active.name) = (name.to_owned(), name.to_owned());
    results.ancova.rows.iter_mut().for_each(|row| row.label = name.to_owned());
    results.notes.warn(name, vec![name.to_owned()]);
    results.disposition.as_mut().unwrap().reasons[0].0 = name.to_owned();
    results.flow.arms.active.reasons[0].0 = name.to_owned();
    results.adverse_events.as_mut().unwrap().rows[6].pt = Some(name.to_owned());
    results.brain.as_mut().unwrap().rows[0].ancova.label = name.to_owned();
    results.responders.as_mut().unwrap().rows[0].name = name.to_owned();
    let all = checked(&drawn(&results));
    for (element, least) in [("th", 10), ("text", 8), ("h1", 1), ("li", 1), ("div", 1), ("desc", 4)]
    {
        let n = all.iter().filter(|e| e.name == element && e.text.contains(name)).count();
        assert!(n >= least, "{element}: {n}");
    }
    // Of outcomes whose labels are the name every row is there: as heads of rows, in cells and in the notes.
    let of_rows = |e: &&Element| e.name == "th" && e.has("scope", "row") && e.text == name;
    let n = all.iter().filter(of_rows).count();
    assert!(n >= 3 * results.ancova.rows.len(), "{n} heads of rows");
    assert!(all.iter().any(|e| e.name == "td" && e.text == name), "no cell");
}

#[test]
fn regions_are_called_alike_in_figures_and_tables() {
    let mut study = whole();
    let said = r#"{"pag_pain": {"LongName": "PAG, pain", "Units": "percent"}}"#;
    let own = study.tables.all.iter_mut().find(|table| table.name == "brain").unwrap();
    own.dictionary = boldly::trial::Dictionary::parse("brain.json", said).unwrap();
    let results =
        analyse(&study.plan, study.participants.clone(), &study.tables, Notes::default()).unwrap();
    let rows = rows(&checked(&drawn(&results)));
    let n = rows.iter().filter(|row| row.starts_with("PAG, pain (percent)|")).count();
    assert!(n >= 5, "{n}: {rows:#?}"); // arm x visit, at the endpoint, and motion three times
    assert!(!rows.iter().any(|row| row.starts_with("pag_pain|")), "{rows:#?}");
}

/// Where a text of a drawing lies: from, to and its foot; letters are taken for narrow ones.
fn extent(text: &Element) -> [f64; 3] {
    let at = |key: &str| text.attributes[key].parse::<f64>().unwrap();
    if let Some(turned) = text.attributes.get("transform") {
        // Upwards from its foot.
        let place = turned.strip_prefix("translate(").and_then(|rest| rest.split_once(')'));
        let (x, y) = place.unwrap().0.split_once(' ').unwrap();
        let [x, y] = [x, y].map(|v| v.parse::<f64>().unwrap());
        let long = 0.5 * 11.0 * text.text.chars().count() as f64;
        assert!(y - long >= 0.0, "{} begins above its drawing", text.text);
        return [x - 11.0, x, y];
    }
    let size = if text.class("tick") || text.class("head") { 11.0 } else { 12.0 };
    let wide = 0.5 * size * text.text.chars().count() as f64;
    let from = match text.attributes["text-anchor"].as_str() {
        "start" => at("x"),
        "middle" => at("x") - 0.5 * wide,
        _ => at("x") - wide,
    };
    [from, from + wide, at("y")]
}

#[test]
fn no_letter_of_a_drawing_lies_outside_of_it_and_each_wide_one_has_a_narrow_one() {
    let mut long = RESULTS.clone();
    let name = "milnacipran hydrochloride 100 mg twice a day with food";
    (long.arms.active, long.flow.arms.active.name) = (name.to_owned(), name.to_owned());
    long.ancova.rows.iter_mut().for_each(|row| row.label = format!("{} {name}", row.label));
    long.adverse_events.as_mut().unwrap().rows.iter_mut().for_each(|row| {
        row.soc = format!("{} {name}", row.soc);
    });
    long.responders.as_mut().unwrap().rows.iter_mut().for_each(|row| row.name += name);
    long.correlations.as_mut().unwrap().rows[0].first += name;
    for results in [&*RESULTS, &long] {
        let html = drawn(results);
        let all = checked(&html);
        let (mut size, mut n) = ([0.0, 0.0], 0);
        for element in &all {
            if element.name == "svg" {
                let numbers: Vec<f64> =
                    element.attributes["viewBox"].split(' ').map(|v| v.parse().unwrap()).collect();
                size = [numbers[2], numbers[3]];
                assert!(size[0] <= 400.0 || size[0] == 880.0, "{size:?}");
                n += 1;
            }
            if element.name == "text" {
                let [from, to, foot] = extent(element);
                let inside = from >= -1.0 && to <= size[0] + 1.0 && foot <= size[1];
                assert!(inside, "{:?} from {from} to {to}, foot {foot} of {size:?}", element.text);
            }
        }
        assert!(n >= 20, "{n} drawings");
        let id = |e: &&Element| e.attributes["id"].clone();
        let with = |wide: bool| {
            let own = move |e: &&Element| {
                e.name == "svg"
                    && e.attributes["viewBox"].starts_with(if wide { "0 0 880" } else { "0 0 360" })
            };
            all.iter().filter(own).map(|e| id(&e)).collect::<Vec<_>>()
        };
        let narrow: Vec<String> = with(true).iter().map(|id| format!("{id}-narrow")).collect();
        assert_eq!(narrow, with(false));
        assert!(narrow.len() >= 5, "{narrow:?}");
    }
}

#[test]
fn only_tables_scroll_sideways_and_a_keyboard_reaches_them() {
    let html = drawn(&RESULTS);
    let all = checked(&html);
    let tables = all.iter().filter(|e| e.name == "table" && e.class("numbers")).count();
    let frames: Vec<&Element> = all.iter().filter(|e| e.class("scroll")).collect();
    assert!(tables > 15 && frames.len() == tables, "{tables} tables in {} frames", frames.len());
    for frame in frames {
        assert!(frame.has("tabindex", "0") && frame.has("role", "region"), "{frame:?}");
        assert!(!frame.attributes["aria-label"].is_empty());
        assert_eq!(frame.first, ["table"]);
    }
    // Drawings that scroll, which other pages have, are not here: in their frame are tables alone.
    assert!(all.iter().filter(|e| e.class("wide")).all(|e| e.first == ["table"]));
    for figure in all.iter().filter(|e| e.name == "figure") {
        assert!(figure.attributes["aria-label"].len() > 3 && figure.text.len() > 20, "{figure:?}");
    }
    let style = &all.iter().find(|e| e.name == "style").unwrap().text;
    for rule in ["prefers-color-scheme: dark", "@media print", "details::details-content"] {
        assert!(style.contains(rule), "{rule}");
    }
}

#[test]
fn arms_differ_by_mark_and_not_by_colour_alone() {
    let all = checked(&drawn(&RESULTS));
    let corners = |arm: &str| -> Vec<usize> {
        let own = all.iter().filter(|e| e.name == "path" && e.class("mark") && e.class(arm));
        own.map(|e| {
            let pieces = e.attributes["d"].matches('z').count();
            (e.attributes["d"].matches('l').count() + pieces) / pieces
        })
        .collect()
    };
    let (active, control) = (corners("arm-0"), corners("arm-1"));
    assert!(active.len() > 20 && control.len() > 20);
    // Circles of 14 corners, squares of 4; a corner that another covers at a tenth of a pixel is left out.
    assert!(active.iter().all(|n| *n >= 12), "{active:?}");
    assert!(control.iter().all(|n| *n == 4), "{control:?}");
    let dots = |id: &str, arm: &str| {
        let at = all.iter().position(|e| e.has("id", id)).unwrap();
        let own = |e: &&Element| e.class("small") && e.class(arm);
        all[at..].iter().find(own).unwrap().attributes["d"].matches('z').count()
    };
    let nrs = &RESULTS.ancova.rows[0];
    assert_eq!(
        [dots("change-1", "arm-0"), dots("change-1", "arm-1")],
        [nrs.n.active, nrs.n.control]
    );
}

#[test]
fn warnings_stand_before_notes_and_who_they_are_about_is_named() {
    let mut results = RESULTS.clone();
    let who = |n: usize| (1..=n).map(|k| format!("sub-x{k:03}")).collect::<Vec<_>>();
    results.notes.all = vec![
        Note { severity: Severity::Info, text: "one way".to_owned(), participants: who(2) },
        Note { severity: Severity::Warning, text: "left out".to_owned(), participants: who(40) },
    ];
    let html = drawn(&results);
    let all = checked(&html);
    let section = all.iter().find(|e| e.has("id", "notes")).unwrap();
    let (warning, info) =
        (section.text.find("left out").unwrap(), section.text.find("one way").unwrap());
    assert!(warning < info);
    assert!(section.text.contains("sub-x040") && section.text.contains("40 participants"));
    let lead = all.iter().find(|e| e.name == "header").unwrap();
    assert!(lead.text.contains("1 warning: read it first"), "{}", lead.text);
    results.notes.all.clear();
    let all = checked(&drawn(&results));
    assert!(!all.iter().any(|e| e.class("headline")));
    assert!(all.iter().any(|e| e.text == "Nothing was left out, assumed or impossible."));
}

#[test]
fn the_forest_turns_the_sign_of_what_is_better_low_and_says_so() {
    let all = checked(&drawn(&RESULTS));
    let at = all.iter().position(|e| e.has("id", "forest")).unwrap();
    let g = RESULTS.ancova.rows[0].change.hedges.unwrap();
    assert!(g.value < 0.0);
    let said = format!("{:.2} ({:.2} to {:.2})", -g.value, -g.high.unwrap(), -g.low.unwrap());
    assert!(all[at..].iter().any(|e| e.name == "text" && e.text == said), "{said}");
    let caption =
        all.iter().find(|e| e.name == "figcaption" && e.text.starts_with("Standardised effects"));
    assert!(caption.unwrap().text.contains("signs are turned where lower is better"));
}

#[test]
fn of_long_names_the_forest_keeps_what_is_better_and_n_and_rows_are_told_apart() {
    let mut results = RESULTS.clone();
    let arms = [
        "matching placebo, same shape colour and taste, twice daily for thirteen weeks",
        "milnacipran hydrochloride 200 mg per day in two doses, titrated over two weeks",
    ];
    [results.arms.control, results.arms.active] = arms.map(str::to_owned);
    let long = "the numeric rating scale of pain over the last week before the visit";
    results.ancova.rows[0].label = long.to_owned();
    let improved = "improvement of pain from baseline by so much on the scale or more, which is";
    let rows = &mut results.responders.as_mut().unwrap().rows;
    let first = rows[0].missing;
    let drawn_rows = rows.iter_mut().filter(|row| row.missing == first);
    for (row, end) in drawn_rows.zip(["30 %", "50 %"]) {
        row.name = format!("{improved} {end}");
    }
    let all = checked(&drawn(&results));
    let texts: Vec<&str> =
        all.iter().filter(|e| e.name == "text").map(|e| e.text.as_str()).collect();
    let n = results.ancova.rows[0].n;
    // A telephone has two lines for it.
    let n = format!("week before the visit ({})", n.active + n.control);
    assert!(texts.iter().any(|t| t.ends_with(&n)), "{n}");
    for side in ["← better with matching", "better with milnacipran →"] {
        assert!(texts.contains(&side), "{side}");
    }
    for end in ["30 %", "50 %"] {
        let is_own =
            |t: &&&str| t.starts_with("improvement") && t.contains('…') && t.ends_with(end);
        assert_eq!(texts.iter().filter(is_own).count(), 2, "wide and narrow: {end}");
    }
}

#[test]
fn results_of_nothing_and_numbers_that_do_not_exist_make_a_page() {
    let mut results = Results::default();
    let all = checked(&drawn(&results));
    assert!(all.iter().any(|e| e.text.starts_with("The plan names nothing to describe")));
    results = RESULTS.clone();
    let none = Estimate { value: f64::NAN, se: None, low: None, high: Some(f64::INFINITY) };
    for row in &mut results.ancova.rows {
        (row.difference, row.change.hedges) = (none, Some(none));
        (row.hc3_se, row.slopes_differ, row.test.p) = (None, None, f64::NAN);
        row.points.clear();
    }
    results.responders.as_mut().unwrap().rows.iter_mut().for_each(|row| {
        (row.risk_difference, row.nnt, row.n.active, row.responders.active) = (None, None, 0, 0);
    });
    results.cpm.as_mut().unwrap().visits.clear();
    results.pressure.as_mut().unwrap().curves.clear();
    results.correlations.as_mut().unwrap().rows[0].points.truncate(1);
    results.disposition.as_mut().unwrap().arms.get_mut(Arm::Active).curve.clear();
    results.adverse_events.as_mut().unwrap().rows.clear();
    let html = drawn(&results);
    checked(&html);
    assert!(!html.contains("NaN") && !html.contains(">inf"));
}

#[test]
fn a_crossover_shows_its_effects_and_that_carry_over_is_not_used() {
    let study = crate::crossover::patients();
    let results =
        analyse(&study.plan, study.participants.clone(), &study.tables, Notes::default()).unwrap();
    let all = checked(&drawn(&results));
    let rows = rows(&all);
    holds(&rows, "outcome|treatment|21|−0.69 (−1.14 to −0.25)|−3.28 (19)|.004");
    holds(&rows, "outcome|carry-over (shown only)|21|0.4 (−2.5 to 3.2)|0.28 (19)|.785");
    let drawn = all.iter().filter(|e| e.name == "text" && e.text.contains("carry-over")).count();
    assert_eq!(drawn, 0, "carry-over is in no drawing");
    let said = |words: &str| all.iter().any(|e| e.name == "p" && e.text.contains(words));
    assert!(said("left out: sub-06, sub-11, sub-18"));
    assert!(!said("Each outcome at"), "methods of parallel arms");
}

#[test]
fn methods_name_what_was_done_and_nothing_else_with_numbered_references() {
    let mut results = RESULTS.clone();
    let methods = |results: &Results| {
        let all = checked(&drawn(results));
        all.iter().find(|e| e.has("id", "methods")).unwrap().text.clone()
    };
    let text = methods(&results);
    for word in
        ["Miettinen", "Fieller", "Holm's procedure [", "adjusted also for site", "Hedges g = J d"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
    let references = text.split("References").nth(1).unwrap();
    let n = references.lines().filter(|line| line.len() > 20).count();
    assert!(text.contains(&format!("{n}].")), "the last reference, {n}, is cited");
    assert!(!text.contains(&format!("{}].", n + 1)));
    (results.pressure, results.responders, results.adverse_events) = (None, None, None);
    let text = methods(&results);
    assert!(!text.contains("Fieller's limits") && !text.contains("Miettinen"), "{text}");
    assert!(text.contains("Each outcome at") && !text.contains("Each endpoint at"), "{text}");
    // What is compared without outcomes is compared by a model too.
    results.ancova = boldly::trial::results::Ancova::default();
    let text = methods(&results);
    assert!(text.contains("Each endpoint at") && text.contains("adjusted also for site"), "{text}");
    assert!(!text.contains("Each outcome at") && !text.contains("Hedges"), "{text}");
    (results.cpm, results.brain, results.edges) = (None, None, None);
    let text = methods(&results);
    assert!(!text.contains("Each endpoint at"), "{text}");
}

#[test]
fn a_picture_is_taken_in_whole_with_the_words_that_it_has() {
    let svg = "<svg xmlns=\"x\"><title>insula &amp; all</title></svg>";
    let picture = PictureFile {
        name: "seed_statmap.svg".to_owned(),
        words: "t of the insula & all".to_owned(),
        kind: "image/svg+xml",
        bytes: svg.as_bytes().to_vec(),
        table: None,
    };
    let mut results = RESULTS.clone();
    results.brain = None;
    let html = with_pictures(&results, std::slice::from_ref(&picture));
    let all = checked(&html);
    let image = all.iter().find(|e| e.name == "img").unwrap();
    assert_eq!(image.attributes["alt"], picture.words);
    let (_, bytes) = image.attributes["src"].split_once("base64,").unwrap();
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, bytes).unwrap();
    assert_eq!(bytes, picture.bytes);
    assert!(all.iter().any(|e| e.name == "figcaption" && e.text.contains("(seed_statmap.svg)")));
}

#[test]
fn the_command_takes_pictures_and_refuses_what_is_none() {
    let dir = crate::command::study();
    let dir = dir.path();
    let write = |name: &str, text: &str| std::fs::write(dir.join(name), text).unwrap();
    write(
        "map.svg",
        "<?xml version=\"1.0\"?>\n<svg><title id=\"t\">A &lt;map&gt; of a seed</title></svg>",
    );
    write("page.svg", "<html><svg></svg></html>");
    let line =
        |picture: &str| format!("{} --out to-{picture} --picture {picture}", crate::command::NRS);
    crate::command::run(dir, &line("map.svg"));
    let all = checked(&std::fs::read_to_string(dir.join("to-map.svg/report.html")).unwrap());
    assert!(all.iter().any(|e| e.name == "img" && e.attributes["alt"] == "A <map> of a seed"));
    assert!(
        all.iter()
            .any(|e| e.name == "tr" && e.text.contains("map.svg") && e.text.contains("picture"))
    );
    // A folder stands for what group and connect wrote into it.
    let own = |name: &str| {
        std::fs::create_dir_all(dir.join("group")).unwrap();
        write(&format!("group/{name}"), &format!("<svg><title>{name}</title></svg>"));
    };
    ["stat-r_relmat.svg", "contrast-x_statmap.svg", "mine.svg"].iter().for_each(|name| own(name));
    crate::command::run(dir, &line("group"));
    let all = checked(&std::fs::read_to_string(dir.join("to-group/report.html")).unwrap());
    let alts = all.iter().filter(|e| e.name == "img").map(|e| e.attributes["alt"].as_str());
    assert_eq!(alts.collect::<Vec<_>>(), ["contrast-x_statmap.svg", "stat-r_relmat.svg"]);
    crate::command::run(dir, "verify to-group");
    for (name, code, words) in [
        ("page.svg", 65, "is neither SVG nor PNG"),
        ("none.svg", 66, "none.svg"),
        ("study", 66, "study has no picture that boldly group or boldly connect wrote"),
    ] {
        let output = crate::command::boldly(dir, &line(name));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(words), "{said}");
    }
}
