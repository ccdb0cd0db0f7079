//! The page that `boldly bids` writes of a subject, in a browser: ready without a request, tidy on wide and narrow, light and dark screens, moved by mouse and
//! by keys, and printed.

use serde_json::{Value, json};

use crate::binary::run;
use crate::browser::{Browser, chromium};

const READY: &str =
    "document.getElementById('viewer-status').textContent.startsWith('ready; volumes=')";
/// Large and long enough for clusters.
const STUDY: &str =
    "simulate study --shape 24,28,18 --voxel-size 6,6,6 --volumes 200 --seed 5 --quiet";
const LINE: &str = "bids study out participant --task pain --contrast pain --contrast both=pain+control --strategy 6p --space none --desc-label none \
     --noise ols --device cpu -q";

#[test]
fn the_page_of_a_subject_is_tidy_live_and_moved_by_mouse_and_keys() {
    let Some(program) = chromium() else { return };
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), STUDY);
    run(folder.path(), LINE);
    let path = folder.path().join("out/sub-01.html");
    let mut browser = Browser::start(&program);
    for (width, dark, name) in [
        (400, false, "of-bids-narrow"),
        (400, true, "of-bids-narrow-dark"),
        (1280, true, "of-bids-wide-dark"),
        (1280, false, "of-bids-wide"),
    ] {
        browser.open(&path, width, dark);
        browser.until(READY);
        browser.look(name);
        browser.assert_tidy(name);
    }
    assert_eq!(browser.text("viewer-name"), "pain");
    moved_by_keys(&mut browser);
    moved_by_the_mouse(&mut browser);
    assert_eq!(browser.requests(), Vec::<String>::new());
    assert_eq!(browser.errors(), Vec::<String>::new());
    browser.media("print", false);
    let shown = "['#viewer', '.statistic.is-live > figure'].map(s => getComputedStyle(document.querySelector(s)).display)";
    assert_eq!(
        browser.eval(shown),
        json!(["none", "block"]),
        "on paper the picture stands for the viewer"
    );
    assert!(browser.printed().starts_with(b"%PDF"));
}

fn moved_by_keys(browser: &mut Browser) {
    let reached = |browser: &mut Browser, wanted: &str| {
        let name = "(e => e.id || e.className || e.tagName)(document.activeElement)";
        let mut pressed = 0..80;
        pressed.any(|_| {
            browser.key("Tab", 9);
            browser.eval(name) == json!(wanted)
        })
    };
    assert!(reached(browser, "viewer-canvas"), "Tab reaches the canvas");
    let before = browser.text("viewer-place");
    browser.key("ArrowRight", 39);
    assert_ne!(browser.text("viewer-place"), before, "an arrow moves by a voxel");
    assert!(reached(browser, "viewer-threshold"), "Tab reaches the slider");
    let passed = |browser: &mut Browser| {
        let text = browser.text("viewer-passed");
        let n =
            text.split(": ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<usize>().ok());
        n.unwrap_or_else(|| panic!("{text}"))
    };
    let all = passed(browser);
    (0..25).for_each(|_| browser.key("ArrowLeft", 37));
    assert!(passed(browser) > all, "a lower threshold lets more pass");
}

/// A row of the table moves the crosshair, and another contrast comes into the one viewer.
fn moved_by_the_mouse(browser: &mut Browser) {
    browser.click("#contrast-1 tr[data-mm] td");
    browser.until("document.querySelectorAll('#contrast-1 tr[aria-current]').length === 1");
    let millimetres = browser.eval("document.querySelector('#contrast-1 tr[data-mm]').dataset.mm");
    let numbers = millimetres.as_str().unwrap().split(' ');
    let numbers: Vec<String> =
        numbers.map(|mm| format!("{:.1}", mm.parse::<f64>().unwrap()).replace('-', "−")).collect();
    let place = browser.text("viewer-place");
    assert!(place.starts_with(&format!("({}) mm", numbers.join(", "))), "{place}: {numbers:?}");
    browser.click("#contrast-2 .open-viewer");
    browser.until("document.getElementById('viewer-name').textContent === 'both'");
    browser.until(READY);
    let live: Value = browser.eval("document.querySelectorAll('.is-live').length");
    assert_eq!(live, json!(1));
}
