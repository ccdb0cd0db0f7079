//! Whatever a mouse can do on the page, keys can: every control is reached by Tab, seen when it is, and does what it should by Enter and by the space bar.

use std::fs;

use boldly::report::analysis;
use serde_json::json;

use crate::browser::{Browser, chromium};
use crate::made_up::analysis as made_up;

const READY: &str = "document.getElementById('viewer-status').textContent === 'ready; volumes=2'";
/// What can be used and is there to be seen; frames where they have something to scroll.
const CONTROLS: &str = "[...document.querySelectorAll('a[href], button, summary, input, canvas, .wide, .scroll')] \
    .filter(e => e.getClientRects().length && !(e.matches('.wide, .scroll') && e.scrollWidth <= e.clientWidth + 1))";

#[test]
fn every_control_is_reached_by_tab_and_is_seen_there() {
    let Some(program) = chromium() else { return };
    let mut browser = Browser::start(&program);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    fs::write(&path, analysis::page(&made_up()).unwrap()).unwrap();
    browser.open(&path, 400, false);
    browser.until(READY);
    browser.eval("document.querySelectorAll('details').forEach(d => d.open = true)");
    let n = browser.eval(&format!("(window.all = {CONTROLS}).length")).as_u64().unwrap();
    assert!(n > 30, "{n} controls");
    browser.eval("window.seen = new Set(); window.unseen = []");
    let here = "(e => { seen.add(e); const s = getComputedStyle(e); \
        if (e !== document.body && !e.matches('.skip') && s.outlineStyle === 'none') unseen.push(e.tagName + '.' + e.className); return seen.size; })(document.activeElement)";
    for _ in 0..2 * n {
        browser.key("Tab", 9);
        browser.eval(here);
    }
    let lost = "all.filter(e => !seen.has(e)).map(e => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 30))";
    assert_eq!(browser.eval(lost), json!([]), "not reached by Tab");
    assert_eq!(browser.eval("[...new Set(unseen)]"), json!([]), "the focus is not seen there");
}

#[test]
fn enter_and_space_do_what_a_click_does() {
    let Some(program) = chromium() else { return };
    let mut browser = Browser::start(&program);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    fs::write(&path, analysis::page(&made_up()).unwrap()).unwrap();
    for (key, code) in [("Enter", 13), (" ", 32)] {
        browser.open(&path, 1280, false);
        browser.until(READY);
        let mut on = |selector: &str, done: &str| {
            browser.eval(&format!("document.querySelector({}).focus()", json!(selector)));
            browser.key(key, code);
            browser.until(done);
        };
        let second = "#contrast-1 tr[data-mm]:nth-child(2)";
        on(
            &format!("{second} .peak-button"),
            "document.querySelector('#contrast-1 tr[data-mm]:nth-child(2)').hasAttribute('aria-current')",
        );
        on("details > summary", "document.querySelector('details').open");
        on("details > summary", "!document.querySelector('details').open");
        on(
            "#contrast-2 .open-viewer",
            "document.getElementById('viewer-name').textContent === 'any'",
        );
    }
    // A link to a table is a link, which Enter follows.
    browser.eval("window.followed = 0; document.querySelector('a[download]').addEventListener('click', e => { e.preventDefault(); followed += 1; })");
    browser.eval("document.querySelector('a[download]').focus()");
    browser.key("Enter", 13);
    assert_eq!(browser.eval("followed"), json!(1));
}
