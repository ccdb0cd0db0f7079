//! Pictures of designs and models in a browser: whatever columns are called and however many there are, names lie beside each other and within the picture.

use std::fs;

use boldly::report::analysis::{self, Analysis, RunPart};
use ndarray::Array2;

use crate::browser::{Browser, chromium};
use crate::made_up::analysis as made_up;

/// A run with columns of these names.
fn run(name: &str, columns: &[String]) -> RunPart {
    let value = |(t, j): (usize, usize)| ((t * (j + 3)) as f64 / 17.0 + j as f64).sin();
    RunPart {
        name: name.to_owned(),
        columns: columns.to_vec(),
        design: Array2::from_shape_fn((90, columns.len()), value),
        ..made_up().runs[1].clone()
    }
}

/// A page without viewers, of runs with few and many columns, wide and long names.
fn designs() -> Analysis {
    let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let wide = of(&["MMMMWWWWMMMMWWWWMMMMWWWWMM", "WWWW"]);
    let long = |n: usize| -> Vec<String> {
        (0..n).map(|at| format!("MOTION_OUTLIER_trial_type.gamble_derivative{at:02}")).collect()
    };
    let runs = vec![run("few", &wide), run("twenty", &long(20)), run("many", &long(60))];
    Analysis { contrasts: Vec::new(), runs, ..made_up() }
}

#[test]
fn names_of_few_and_of_many_columns_lie_beside_each_other_and_within_the_picture() {
    let Some(program) = chromium() else { return };
    let mut browser = Browser::start(&program);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("designs.html");
    fs::write(&path, analysis::page(&designs()).unwrap()).unwrap();
    for (width, name) in [(1280, "designs-wide"), (400, "designs-narrow")] {
        browser.open(&path, width, false);
        browser.assert_tidy(name);
        browser.look(name);
    }
    // A name that is cut is there as a whole.
    let whole =
        "[...document.querySelectorAll('#run-2-correlations g > title')].map(t => t.textContent)";
    let all = browser.eval(whole);
    assert_eq!(all.as_array().unwrap().len(), 40, "rows and columns");
    assert_eq!(all[0], "MOTION_OUTLIER_trial_type.gamble_derivative00");
    // On a narrow screen letters stay large enough, and the picture scrolls.
    let size = "(t => t.getBoundingClientRect().height)(document.querySelector('#run-1-correlations text + text, #run-1-correlations g text'))";
    assert!(browser.eval(size).as_f64().unwrap() > 9.0);
    let small = "[...document.querySelectorAll('.wide > svg')].filter(s => s.getClientRects().length).map(s => [s.id, s.getBoundingClientRect().width / s.viewBox.baseVal.width]).filter(([, times]) => times < .9)";
    fs::write(&path, analysis::page(&made_up()).unwrap()).unwrap();
    browser.open(&path, 400, false);
    browser.assert_tidy("a page of an analysis at 400 px");
    assert_eq!(browser.eval(small), serde_json::json!([]), "shrunk beyond reading");
}

#[test]
fn on_paper_pictures_keep_their_size_and_nothing_that_leads_to_something_stands_alone() {
    let Some(program) = chromium() else { return };
    let mut browser = Browser::start(&program);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("paper.html");
    let mut of = made_up();
    // One column that is weighed: the narrowest picture.
    of.weighed.truncate(1);
    of.weighed[0].rows[0].columns.truncate(1);
    fs::write(&path, analysis::page(&of).unwrap()).unwrap();
    browser.open(&path, 700, false);
    browser.media("print", false);
    let blown = "[...document.querySelectorAll('svg.natural, svg.matrix')].map(s => [s.id, s.getBoundingClientRect().width / s.viewBox.baseVal.width]) \
        .filter(([id, times]) => times > 1.01)";
    assert_eq!(browser.eval(blown), serde_json::json!([]), "larger than on the screen");
    let alone = "[...document.querySelectorAll('h2, h3, caption, summary, .plain')].filter(e => getComputedStyle(e).breakAfter !== 'avoid').length";
    assert_eq!(browser.eval(alone), 0, "may be the last of a page");
    let parted = "[...document.querySelectorAll('h2, h3, caption, summary, .numbers')].filter(e => getComputedStyle(e).breakInside !== 'avoid').length";
    assert_eq!(browser.eval(parted), 0, "may be parted");
    let blue = "[...document.querySelectorAll('main a')].filter(a => getComputedStyle(a).color !== getComputedStyle(a.parentElement).color).length";
    assert_eq!(browser.eval(blue), 0, "links that nobody can follow");
    if let Some(look) = std::env::var_os("BOLDLY_LOOK") {
        fs::create_dir_all(&look).unwrap();
        fs::write(std::path::PathBuf::from(look).join("paper.pdf"), browser.printed()).unwrap();
    }
}
