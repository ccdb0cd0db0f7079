//! What stands on the page before any script has run.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use boldly::report::analysis::{Analysis, page};
use boldly::report::bids::{self, BidsPage, Edge, Node};
use boldly::report::group::Listing;

use crate::checked::{Element, checked_with_scripts};
use crate::made_up::analysis;

fn drawn(of: &Analysis) -> (String, Vec<Element>) {
    let html = page(of).unwrap();
    let all = checked_with_scripts(&html);
    (html, all)
}

/// Rows of all tables, cells parted by `|`.
fn rows(all: &[Element]) -> Vec<String> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for element in all {
        match element.name.as_str() {
            "tr" => rows.push(Vec::new()),
            "td" | "th" => rows.last_mut().unwrap().push(element.text.clone()),
            _ => {}
        }
    }
    rows.iter().map(|cells| cells.join("|")).collect()
}

fn titles(all: &[Element]) -> Vec<&str> {
    all.iter().filter(|e| e.name == "h2").map(|e| e.text.as_str()).collect()
}

#[test]
fn the_page_is_well_formed_and_has_every_part_in_its_order() {
    let (html, all) = drawn(&analysis());
    let wanted = [
        "Notes",
        "The analysis",
        "Runs and columns",
        "Coverage",
        "Contrasts",
        "Contrast pain - control",
        "Contrast any",
        "Run sub-01_run-1",
        "Run sub-01_run-2",
        "Methods",
        "About this page",
    ];
    assert_eq!(titles(&all), wanted);
    let pre: Vec<&str> = all.iter().filter(|e| e.name == "pre").map(|e| e.text.as_str()).collect();
    assert!(pre.contains(&"boldly glm 'a b.nii' --report"), "the exact command");
    assert!(
        pre.iter().any(|text| text.contains("Copyright (c) 2021, Niivue")),
        "whose the viewer is"
    );
    let rows = rows(&all);
    for row in [
        "pain - control (t)|all alike|1|−1",
        "any (F)|all alike|1|−1",
        "pain - control|yes|0.04210",
        "any|no: it lacks a condition|–",
        "1|−27|21|27|8|57",
    ] {
        assert!(rows.iter().any(|own| own == row), "no row {row} in {rows:#?}");
    }
    // Severities by words and signs, the worst first.
    let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("no {text}"));
    assert!(at("a third of run-2") < at("sub-01_run-2 has no csf"));
    assert!(at("sub-01_run-2 has no csf") < at("2 volumes are left out"));
    assert!(html.contains("1 thing may make the findings wrong"));
    assert!(html.contains("sub-01_run-2: trans_x (depends on others), csf (missing)"));
    // each column of the design by its name
    let design = all.iter().find(|e| e.has("id", "run-1-design")).unwrap();
    for name in &analysis().runs[0].columns {
        assert!(design.text.contains(name.as_str()), "{name}: {}", design.text);
    }
    // 0.002 (t - 20) times 1 to 6: x, y, z in mm, then in radians about them
    let moves = all.iter().find(|e| e.has("id", "run-1-moves-desc")).unwrap();
    let wanted = "along x, y and z (−0.12 to 0.47 mm) and rotations about them (−13.75 to 54.32 degrees; the table has radians)";
    assert!(moves.text.contains(wanted), "{}", moves.text);
    let motion = all.iter().find(|e| e.has("id", "run-1-motion-desc")).unwrap();
    assert!(motion.text.contains("largest 1.30 mm, 2 volumes above 0.5 mm; 2 volumes left out"));
}

#[test]
fn without_a_script_static_pictures_and_plain_tables_stand_there() {
    let (_, all) = drawn(&analysis());
    let is_map = |e: &&Element| e.class("statmap") && !e.class("coverage");
    let pictures = all.iter().filter(|e| e.name == "svg").filter(is_map);
    assert_eq!(pictures.count(), 2);
    assert!(!all.iter().any(|e| e.name == "button"), "a button that does nothing");
    let panel = all.iter().find(|e| e.has("id", "viewer")).unwrap();
    assert!(panel.attributes.contains_key("hidden"));
    let saved: Vec<&Element> =
        all.iter().filter(|e| e.attributes.contains_key("download")).collect();
    assert_eq!(saved.len(), 2, "tables can be saved");
    let text = saved[0].attributes["href"].rsplit(',').next().unwrap();
    let text = String::from_utf8(STANDARD.decode(text).unwrap()).unwrap();
    let listing = &analysis().contrasts[0].clusters.1;
    assert_eq!(Listing::of_tsv(&text), *listing, "all digits");
}

#[test]
fn a_long_table_is_folded_and_what_is_not_shown_is_counted() {
    let mut of = analysis();
    let listing = &mut of.contrasts[1].clusters.1;
    let row = listing.rows[0].clone();
    listing.rows = vec![row; 75];
    let (html, all) = drawn(&of);
    let shown = all.iter().filter(|e| e.name == "tr" && e.attributes.contains_key("data-mm"));
    assert_eq!(shown.count(), 2 + 60);
    assert!(html.contains("45 rows more") && html.contains("15 rows more in the table"));
}

#[test]
fn a_page_with_two_maps_is_at_most_a_megabyte_and_a_half() {
    let (html, _) = drawn(&analysis());
    assert!(html.len() < 1_500_000, "{} bytes", html.len());
    // One viewer and one anatomy serve both maps.
    assert_eq!(html.matches("id=\"niivue\"").count(), 1);
    assert_eq!(html.matches("id=\"anatomy-").count(), 1);
    assert_eq!(html.matches("-view-map\">").count(), 2);
}

#[test]
fn an_analysis_without_maps_has_no_viewer() {
    let of = Analysis { contrasts: Vec::new(), ..analysis() };
    let html = page(&of).unwrap();
    assert!(!html.contains("id=\"niivue\""));
    assert!(html.len() < 400_000, "{} bytes", html.len());
}

fn node(name: &str, level: &str, by: &[&str], is_here: bool) -> Node {
    Node {
        name: name.to_owned(),
        level: level.to_owned(),
        group_by: by.iter().map(|&b| b.to_owned()).collect(),
        contrasts: vec!["pain_vs_control".to_owned()],
        n_groups: 2,
        n_planned: 2,
        is_here,
    }
}

/// Names as fMRIPrep has them.
fn of_a_long_name(mut of: Analysis) -> Analysis {
    of.columns.names[3] = "non_steady_state_outlier_of_the_head00".to_owned();
    of.columns.rows[1].name = "sub-01 ses-first task-mixedgamblestask run-02".to_owned();
    of
}

/// A model of three levels.
pub fn of_bids() -> BidsPage {
    let edge = |from, to, filter: &str| Edge { from, to, filter: filter.to_owned() };
    BidsPage {
        analysis: of_a_long_name(Analysis { kind: "Subject".to_owned(), ..analysis() }),
        model: ("model-pain_smdl.json".to_owned(), "{ \"Name\": \"<pain>\" }".to_owned()),
        nodes: vec![
            node("run_level", "Run", &["run", "subject"], false),
            node("subject_level", "Subject", &["subject", "contrast"], true),
            node("one_sample", "Dataset", &["contrast"], false),
            node("by_sex", "Dataset", &["contrast"], false),
        ],
        edges: vec![edge(0, 1, ""), edge(1, 2, ""), edge(1, 3, "contrast: pain_vs_control")],
        failed: vec![("sub-02 run-1".to_owned(), "has no csf".to_owned())],
    }
}

#[test]
fn the_page_of_a_model_has_its_graph_its_text_and_what_failed() {
    let html = bids::page(&of_bids()).unwrap();
    let all = checked_with_scripts(&html);
    assert_eq!(titles(&all)[..4], ["Notes", "What failed", "The model", "The analysis"]);
    let graph = all.iter().find(|e| e.has("id", "model-graph-desc")).unwrap();
    let said = "From run_level to subject_level; from subject_level to one_sample; from subject_level to by_sex.";
    assert_eq!(graph.text, said);
    let drawn = |class: &str| all.iter().filter(|e| e.name == "path" && e.class(class)).count();
    assert_eq!((drawn("node"), drawn("here"), drawn("edge-line")), (4, 1, 3));
    assert!(rows(&all).iter().any(|row| row == "sub-02 run-1|has no csf"));
    assert!(all.iter().any(|e| e.name == "pre" && e.text == "{ \"Name\": \"<pain>\" }"));
    if let Some(folder) = std::env::var_os("BOLDLY_LOOK") {
        fs::create_dir_all(&folder).unwrap();
        fs::write(std::path::Path::new(&folder).join("bids.html"), html).unwrap();
    }
}

#[test]
fn names_of_a_graph_go_on_to_a_second_line_and_what_is_still_cut_is_whole_in_a_title() {
    let mut of = of_bids();
    let contrasts = ["trial_type.gamble", "gainVsLoss", "gain", "anyParametric", "lossAversion"];
    of.nodes[0].contrasts = contrasts.map(str::to_owned).to_vec();
    of.edges[0].filter = format!("contrast: {}", contrasts.join(", "));
    let long: Vec<String> = (0..12).map(|at| format!("contrast_number_{at}")).collect();
    of.nodes[1].contrasts = long.clone();
    of.analysis.weighed[0].name = "a_contrast_with_a_name_that_is_longer_than_a_line".to_owned();
    let html = bids::page(&of).unwrap();
    let all = checked_with_scripts(&html);
    let words = |id: &str| {
        let at = all.iter().position(|e| e.has("id", id)).unwrap();
        let own = all[at..].iter().take_while(|e| e.name != "figcaption");
        let own = own.filter(|e| e.name == "text").map(|e| e.text.clone());
        own.collect::<Vec<String>>()
    };
    let drawn = words("model-graph");
    assert!(drawn.iter().any(|line| line.ends_with("lossAversion")), "{drawn:?}");
    assert!(drawn.concat().contains("anyParametric"), "{drawn:?}");
    let titles = |text: &str| all.iter().filter(|e| e.name == "title" && e.text == text).count();
    assert_eq!(titles(&long.join(", ")), 1, "the whole of what is cut");
    assert_eq!(titles(&contrasts.join(", ")), 0, "nothing of it is cut");
    let weights = words("weights");
    let at = weights.iter().position(|line| line.starts_with("a_contrast")).unwrap();
    assert_eq!(
        weights[at..at + 2].concat(),
        "a_contrast_with_a_name_that_is_longer_than_a_line (t)"
    );
}

#[test]
fn what_contrasts_weigh_is_a_picture_and_a_table_and_what_a_run_does_not_tell_is_said() {
    let (html, all) = drawn(&analysis());
    let at = all.iter().position(|e| e.has("id", "weights")).unwrap();
    let own: Vec<&Element> = all[at..].iter().take_while(|e| e.name != "figcaption").collect();
    let cells = |class: &str| own.iter().filter(|e| e.name == "path" && e.class(class)).count();
    assert_eq!((cells("plus-5"), cells("minus-5"), cells("weight-0")), (2, 2, 0));
    assert!(all.iter().any(|e| e.has("id", "weights-desc") && e.text.contains("2 rows by 2")));
    assert!(html.contains("<li>sub-01_run-1: any: it lacks a condition</li>"));
    let told = analysis().runs.into_iter().map(|mut run| {
        run.estimable.pop();
        run
    });
    let of = Analysis { runs: told.collect(), ..analysis() };
    assert!(page(&of).unwrap().contains("Each run determines each of its contrasts"));
}

#[test]
fn coverage_says_how_much_all_share_and_who_lacks_what() {
    let of = analysis();
    let [first, second] = [0, 1].map(|at| &of.coverage[0].parts[at].1);
    let n = |mask: &[bool]| mask.iter().filter(|inside| **inside).count();
    let (any, both) = (n(first), n(second));
    assert!(both < any && both > 0);
    let (html, all) = drawn(&of);
    let said =
        format!("2 runs: {both} of {any} voxels have data in each; {} have none", any - both);
    assert!(html.contains(&said), "{said}");
    // A title that is the noun alone is not said again; one that says more is.
    assert!(html.contains("<figcaption>In how many of the 2 runs a voxel has data.</figcaption>"));
    let mut titled = of.clone();
    titled.coverage[0].title = "runs; 1 more lie on another grid".to_owned();
    let told = "In how many of the 2 runs a voxel has data (runs; 1 more lie on another grid).";
    assert!(page(&titled).unwrap().contains(told));
    let rows = rows(&all);
    let lacks = any - both;
    for row in [format!("sub-01_run-1|{any}|0|0"), format!("sub-01_run-2|{both}|{lacks}|{lacks}")] {
        assert!(rows.contains(&row), "no row {row} in {rows:#?}");
    }
    assert!(all.iter().any(|e| e.has("id", "coverage-1-desc") && e.text.contains("in all 2")));
    let lost: Vec<&Element> =
        all.iter().filter(|e| e.name == "text" && e.text == "1 of 2").collect();
    assert_eq!(lost.len(), 1, "the legend");
    // Of one run, and of runs alike, nothing is lost.
    let mut alike = of.clone();
    alike.coverage[0].parts[1].1 = first.clone();
    assert!(page(&alike).unwrap().contains(&format!("2 runs: data at the same {any} voxels")));
}

#[test]
fn each_run_is_listed_with_its_repetition_time_and_the_origin_of_its_frame_times() {
    let (_, all) = drawn(&analysis());
    let row = "sub-01_run-2|task columns at StartTime: 0.98 s + k x 2 s|40 to 41: framewise displacement 2|98 of 100|2";
    assert!(rows(&all).iter().any(|own| own == row), "{:#?}", rows(&all));
}

#[test]
fn what_a_contrast_compares_is_drawn_with_its_rows_and_columns_by_name() {
    let (_, all) = drawn(&analysis());
    let said = all.iter().find(|e| e.has("id", "contrast-1-design-desc")).expect("a picture");
    assert_eq!(said.text, "3 rows by 2 columns: orange above 0, blue below");
    let at = all.iter().position(|e| e.has("id", "contrast-1-design")).unwrap();
    let words = all[at + 1..].iter().take_while(|e| e.name != "figure");
    let words: Vec<&str> = words.filter(|e| e.name == "text").map(|e| e.text.as_str()).collect();
    let wanted = ["intercept", "sex.M", "sub-01", "1", "1", "sub-02", "1", "sub-03", "1", "−0.5"];
    assert_eq!(words, wanted);
    // Of more rows than names fit, a picture with the names of its columns alone.
    let mut many = analysis();
    let design = many.contrasts[0].design.as_mut().unwrap();
    design.rows = (0..60).map(|at| format!("sub-{at:02}")).collect();
    design.values = ndarray::Array2::from_shape_fn((60, 2), |(i, j)| (i * j % 2) as f64);
    let (_, all) = drawn(&many);
    let said = all.iter().find(|e| e.has("id", "contrast-1-design-desc")).unwrap();
    assert!(said.text.starts_with("The design: 60 rows by 2 columns"), "{}", said.text);
    let picture = all.iter().find(|e| e.has("id", "contrast-1-design")).unwrap();
    assert!(picture.text.contains("sex.M") && !picture.text.contains("sub-07"));
}

#[test]
fn what_was_corrected_stands_with_its_contrast_and_its_page_is_named() {
    let (_, all) = drawn(&analysis());
    assert!(
        rows(&all).iter().any(|row| row == "corrected by the largest statistic|p ≤ .05|31|.002")
    );
    let link = all.iter().find(|e| e.has("href", "node-a/b_group.html")).expect("a link");
    assert_eq!((link.name.as_str(), link.text.as_str()), ("a", "the page of the test"));
}
