//! The page as a browser shows it on light and dark screens.

use serde_json::json;

use crate::browser::{Browser, FAINT, GLARING, chromium};
use crate::made_up::{of, standard};

#[test]
fn on_a_dark_screen_the_page_is_dark_and_its_words_and_lines_stand_out() {
    let Some(program) = chromium() else { return };
    let mut browser = Browser::start(&program);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("qc.html");
    std::fs::write(&path, boldly::report::qc::page(&of(vec![standard()])).unwrap()).unwrap();
    let ground = "getComputedStyle(document.body).backgroundColor";
    let traces = "[...document.querySelectorAll('svg .pulse, svg .breathing, svg .series, svg .trigger')].map(e => getComputedStyle(e).stroke)";
    for (dark, paper) in [(false, "rgb(255, 255, 255)"), (true, "rgb(20, 23, 27)")] {
        browser.open(&path, 1280, dark);
        assert_eq!(browser.eval(ground), json!(paper));
        browser.eval("document.querySelectorAll('details').forEach(d => d.open = true)");
        for script in [FAINT, GLARING] {
            assert_eq!(browser.eval(script), json!([]), "dark: {dark}");
        }
        let strokes = browser.eval(traces);
        let strokes = strokes.as_array().unwrap();
        assert!(strokes.len() > 3);
        for stroke in strokes {
            let stroke = stroke.as_str().unwrap();
            let parts = stroke.trim_start_matches("rgb(").trim_end_matches(')').split(", ");
            let parts: Vec<f64> = parts.map(|part| part.parse().unwrap()).collect();
            let light = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
            assert_eq!(light > 128.0, dark, "{stroke} on {paper}");
        }
        browser.look(if dark { "qc-dark" } else { "qc-light" });
    }
}
