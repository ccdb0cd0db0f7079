//! The page in a browser: the viewer is ready, asks for nothing, and moves what it should by mouse and by keys, on wide and narrow, light and dark screens, and on
//! paper.

use std::fs;
use std::path::PathBuf;

use boldly::report::{analysis, bids};
use serde_json::json;

use crate::browser::{Browser, chromium};
use crate::made_up::{FROM, HIGH, LOW, analysis as made_up, mm};

const READY: &str = "document.getElementById('viewer-status').textContent === 'ready; volumes=2'";

/// The made-up page in a folder of its own, and a browser, where there is one.
fn page() -> Option<(tempfile::TempDir, PathBuf, Browser)> {
    let browser = Browser::start(&chromium()?);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let html = analysis::page(&made_up()).unwrap();
    if let Some(look) = std::env::var_os("BOLDLY_LOOK") {
        fs::create_dir_all(&look).unwrap();
        fs::write(PathBuf::from(look).join("page.html"), &html).unwrap();
    }
    fs::write(&path, html).unwrap();
    Some((folder, path, browser))
}

/// A place as the viewer says it.
fn said(voxel: [usize; 3]) -> String {
    let [x, y, z] = mm(voxel).map(|v| format!("{v:.1}").replace('-', "−"));
    format!("({x}, {y}, {z}) mm")
}

/// Voxels of the t map from a threshold on, as the page keeps them.
fn passed(from: f64) -> usize {
    let map = &made_up().contrasts[0].picture;
    let shown = map.statistic.iter().map(|v| f64::from((v / 0.01).round()) * 0.01);
    shown.filter(|v| *v != 0.0 && v.abs() >= from - 1e-6).count()
}

#[test]
fn the_viewer_gets_ready_without_asking_for_anything_and_goes_where_it_is_told() {
    let Some((_folder, path, mut browser)) = page() else { return };
    browser.open(&path, 1280, false);
    browser.until(READY);
    assert!(
        browser.text("viewer-place").starts_with(&said(HIGH)),
        "{}",
        browser.text("viewer-place")
    );
    assert_eq!(browser.text("viewer-name"), "pain - control");
    assert_eq!(browser.text("viewer-passed"), format!("|t| ≥ {FROM:.2}: {} voxels", passed(FROM)));
    assert!(browser.text("viewer-bar").starts_with("t (96 dof)"), "{}", browser.text("viewer-bar"));
    browser.look("wide-light");

    // A row of the table moves the crosshair.
    browser.click("#contrast-1 tr[data-mm]:nth-child(2) td");
    browser.until("document.querySelectorAll('#contrast-1 tr[aria-current]').length === 1");
    let place = browser.text("viewer-place");
    assert!(place.starts_with(&said(LOW)) && place.contains("t −5."), "{place}");

    // The slider moves the threshold, in the viewer, in the count and in the bar.
    browser.eval("document.getElementById('viewer-threshold').focus()");
    let before =
        browser.eval("+document.getElementById('viewer-threshold').value").as_f64().unwrap();
    assert!((before - FROM).abs() < 1e-9);
    (0..10).for_each(|_| browser.key("ArrowRight", 39));
    let after =
        browser.eval("+document.getElementById('viewer-threshold').value").as_f64().unwrap();
    assert!((after - FROM - 1.0).abs() < 1e-6, "{after}");
    assert_eq!(
        browser.text("viewer-passed"),
        format!("|t| ≥ {after:.2}: {} voxels", passed(after))
    );
    assert!(passed(after) < passed(FROM));
    assert!(browser.text("viewer-bar").contains(&format!("{after:.2}")));

    // Another contrast: the same viewer, its own map.
    browser.click("#contrast-2 .open-viewer");
    browser.until("document.getElementById('viewer-name').textContent === 'any'");
    browser.until(READY);
    assert!(browser.text("viewer-bar").starts_with("F (2, 96 dof)"));
    assert!(browser.text("viewer-passed").starts_with("F ≥ 3.20: "));
    let live = "document.querySelectorAll('.is-live').length";
    assert_eq!(browser.eval(live), json!(1));
    let shown =
        "getComputedStyle(document.querySelector('#contrast-1 .statistic > figure')).display";
    assert_eq!(browser.eval(shown), json!("block"), "its picture comes back");
    assert_eq!(browser.requests(), Vec::<String>::new());
    assert_eq!(browser.errors(), Vec::<String>::new());
}

/// The made-up page, its images turned about the first axis, as those of a tilted head are.
fn oblique() -> boldly::report::analysis::Analysis {
    let mut page = made_up();
    let (sin, cos) = 0.3_f64.sin_cos();
    for contrast in &mut page.contrasts {
        let picture = &mut contrast.picture;
        let [_, along_y, along_z, _] = picture.grid.affine;
        for k in 0..4 {
            picture.grid.affine[1][k] = cos * along_y[k] - sin * along_z[k];
            picture.grid.affine[2][k] = sin * along_y[k] + cos * along_z[k];
        }
        picture.underlay = None;
        for (row, voxel) in contrast.clusters.1.rows.iter_mut().zip([HIGH, LOW]) {
            let place = picture.grid.millimetres(voxel);
            row.iter_mut().skip(1).zip(place).for_each(|(cell, mm)| *cell = format!("{mm:.1}"));
        }
    }
    page
}

#[test]
fn the_crosshair_of_an_oblique_image_goes_to_the_millimetres_of_the_row() {
    let Some(program) = chromium() else { return };
    let mut browser = Browser::start(&program);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    fs::write(&path, analysis::page(&oblique()).unwrap()).unwrap();
    browser.open(&path, 1280, false);
    browser.until(READY);
    let opened = browser.text("viewer-place");
    assert!(opened.contains("t 8."), "{opened}");
    browser.click("#contrast-1 tr[data-mm]:nth-child(2) td");
    browser.until("document.querySelectorAll('#contrast-1 tr[aria-current]').length === 1");
    let place = browser.text("viewer-place");
    assert!(place.contains("t −5."), "{place}");
    // As far as it goes up by a key, it says.
    browser.eval("document.getElementById('viewer-canvas').focus()");
    browser.key("PageUp", 33);
    let z = |text: &str| -> f64 {
        let inside = text.split(['(', ')']).nth(1).unwrap();
        inside.split(", ").nth(2).unwrap().replace('−', "-").parse().unwrap()
    };
    let moved = z(&browser.text("viewer-place")) - z(&place);
    assert!((moved - 6.0).abs() < 0.2, "{moved}");
}

#[test]
fn what_a_script_would_ask_for_is_seen_here_and_stopped_by_the_policy() {
    let Some((folder, path, mut browser)) = page() else { return };
    let asks = "fetch('http://127.0.0.1:9/').then(() => 'answered', () => 'not answered')";
    let plain = folder.path().join("plain.html");
    fs::write(&plain, "<!DOCTYPE html><html><body></body></html>").unwrap();
    browser.open(&plain, 400, false);
    browser.eval(asks);
    assert_eq!(browser.requests(), ["http://127.0.0.1:9/"], "a request is seen");
    browser.open(&path, 400, false);
    let told = format!(
        "new Promise(done => {{ document.addEventListener('securitypolicyviolation', e => done(e.effectiveDirective)); {asks}; }})"
    );
    assert_eq!(browser.eval(&told), json!("connect-src"));
}

#[test]
fn the_picture_in_the_viewer_changes_with_the_threshold_and_the_place() {
    let Some((_folder, path, mut browser)) = page() else { return };
    browser.open(&path, 1280, false);
    browser.until(READY);
    let mut canvas = |script: &str| {
        browser.eval(script);
        // What is drawn is read in the frame in which it was drawn.
        let read = "new Promise(done => requestAnimationFrame(() => { \
            const c = document.getElementById('viewer-canvas'); \
            document.getElementById('viewer-threshold').oninput(); done(c.toDataURL()); }))";
        browser.eval(read).as_str().unwrap().to_owned()
    };
    let first = canvas("1");
    assert_eq!(first, canvas("1"), "nothing moved");
    assert!(first.len() > 20_000, "an empty picture: {} letters", first.len());
    let higher = canvas("document.getElementById('viewer-threshold').value = 6");
    assert_ne!(first, higher);
    let elsewhere =
        canvas("document.querySelector('#contrast-1 tr[data-mm]:nth-child(2)').click()");
    assert_ne!(higher, elsewhere);
}

#[test]
fn what_lies_below_the_threshold_fades_and_does_not_vanish() {
    let Some((_folder, path, mut browser)) = page() else { return };
    browser.open(&path, 1280, false);
    browser.until(READY);
    // Pixels of a warm hue: red above green above blue.
    let mut warm = |threshold: f64| {
        let script = format!(
            "new Promise(done => requestAnimationFrame(() => {{ \
             const s = document.getElementById('viewer-threshold'); s.value = {threshold}; s.oninput(); \
             const c = document.getElementById('viewer-canvas'), k = document.createElement('canvas'); \
             k.width = c.width; k.height = c.height; const d = k.getContext('2d'); d.drawImage(c, 0, 0); \
             const p = d.getImageData(0, 0, k.width, k.height).data; let n = 0; \
             for (let i = 0; i < p.length; i += 4) n += p[i] - p[i + 2] > 25 && p[i] >= p[i + 1] ? 1 : 0; \
             done(n); }}))"
        );
        browser.eval(&script).as_f64().unwrap()
    };
    let (low, high) = (warm(FROM), warm(7.9));
    assert!(low > 3000.0, "{low} warm pixels");
    // One voxel of 57 passes; cut away, its 1/57 would be left.
    assert!(high > 0.4 * low, "{high} of {low} warm pixels are left");
}

#[test]
fn everything_can_be_done_by_keys() {
    let Some((_folder, path, mut browser)) = page() else { return };
    browser.open(&path, 1280, false);
    browser.until(READY);
    // Tab reaches the canvas, the slider and the peaks.
    let mut seen = Vec::new();
    for _ in 0..40 {
        browser.key("Tab", 9);
        let name = "(e => e.id || e.className || e.tagName)(document.activeElement)";
        seen.push(browser.eval(name).as_str().unwrap().to_owned());
        if seen.last().is_some_and(|name| name == "peak-button") {
            break;
        }
    }
    let at = |name: &str| {
        seen.iter().position(|s| s == name).unwrap_or_else(|| panic!("{name}: {seen:?}"))
    };
    assert!(
        at("viewer-canvas") < at("viewer-threshold") && at("viewer-threshold") < at("peak-button")
    );
    let outline = browser.eval("getComputedStyle(document.activeElement).outlineStyle");
    assert_eq!(outline, json!("solid"), "the focus is seen");
    browser.key("Tab", 9);
    browser.key("Enter", 13);
    browser.until("document.querySelectorAll('tr[aria-current]').length === 1");
    assert!(
        browser.text("viewer-place").starts_with(&said(LOW)),
        "{}",
        browser.text("viewer-place")
    );
    browser.eval("document.getElementById('viewer-canvas').focus()");
    for (key, code) in [("ArrowRight", 39), ("ArrowUp", 38), ("PageDown", 34)] {
        let before = scrolled(&mut browser);
        browser.key(key, code);
        assert_eq!(before, scrolled(&mut browser), "{key} moves the page");
    }
    let moved = [LOW[0] + 1, LOW[1] + 1, LOW[2] - 1];
    assert!(
        browser.text("viewer-place").starts_with(&said(moved)),
        "{}",
        browser.text("viewer-place")
    );
}

fn scrolled(browser: &mut Browser) -> serde_json::Value {
    browser.eval("scrollY")
}

#[test]
fn nothing_runs_over_the_edge_of_a_narrow_screen_light_or_dark() {
    let Some((_folder, path, mut browser)) = page() else { return };
    for (width, dark, name) in
        [(400, false, "narrow-light"), (400, true, "narrow-dark"), (1280, true, "wide-dark")]
    {
        browser.open(&path, width, dark);
        browser.until(READY);
        let over = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.eval(over), json!(0), "{name}");
        let canvas =
            browser.eval("document.getElementById('viewer-canvas').getBoundingClientRect().width");
        assert!(
            canvas.as_f64().unwrap() > 0.85 * (width as f64).min(992.0) - 40.0,
            "{name}: {canvas}"
        );
        let contrast = "(() => { const c = s => getComputedStyle(document.body)[s].match(/\\d+/g).map(Number); \
            const l = ([r, g, b]) => .2126 * r + .7152 * g + .0722 * b; \
            return Math.abs(l(c('color')) - l(c('backgroundColor'))); })()";
        assert!(browser.eval(contrast).as_f64().unwrap() > 150.0, "{name}");
        browser.look(name);
        browser.assert_tidy(name);
    }
    // The threshold is where it was, at this width too.
    assert!(browser.text("viewer-passed").contains("3.20"));
}

#[test]
fn on_paper_the_static_pictures_stand_for_the_viewer() {
    let Some((_folder, path, mut browser)) = page() else { return };
    browser.open(&path, 1280, false);
    browser.until(READY);
    browser.media("print", false);
    let shown = |browser: &mut Browser, selector: &str| {
        let script = format!("getComputedStyle(document.querySelector('{selector}')).display");
        browser.eval(&script).as_str().unwrap().to_owned()
    };
    assert_eq!(shown(&mut browser, "#viewer"), "none");
    assert_eq!(shown(&mut browser, ".statistic.is-live > figure"), "block");
    let printed = browser.printed();
    assert!(printed.starts_with(b"%PDF"));
    if let Some(folder) = std::env::var_os("BOLDLY_LOOK") {
        fs::write(PathBuf::from(folder).join("printed.pdf"), printed).unwrap();
    }
}

#[test]
fn where_there_is_no_webgl_or_no_script_the_pictures_stay_and_that_is_said() {
    let Some((_folder, path, mut browser)) = page() else { return };
    let without = "HTMLCanvasElement.prototype.getContext = () => null";
    let added = browser.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": without }));
    browser.open(&path, 1280, false);
    browser
        .until("document.getElementById('viewer-status').textContent.startsWith('no live viewer')");
    assert_eq!(
        browser.eval("document.querySelectorAll('button.open-viewer, .peak-button').length"),
        json!(0)
    );
    let pictures =
        "[...document.querySelectorAll('.statistic > figure')].every(f => f.offsetHeight > 300)";
    assert_eq!(browser.eval(pictures), json!(true));
    browser.call("Page.removeScriptToEvaluateOnNewDocument", added);
    browser.call("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    browser.open(&path, 1280, false);
    assert_eq!(browser.eval(pictures), json!(true));
    assert_eq!(browser.eval("document.getElementById('viewer-status').offsetHeight"), json!(0));
    browser.look("no-script");
}

#[test]
fn the_page_of_a_model_is_as_live_and_its_graph_is_seen() {
    let Some((folder, _, mut browser)) = page() else { return };
    let path = folder.path().join("bids.html");
    fs::write(&path, bids::page(&crate::page::of_bids()).unwrap()).unwrap();
    for (width, dark, name) in [(1280, false, "bids-light"), (400, true, "bids-dark")] {
        browser.open(&path, width, dark);
        browser.until(READY);
        let over = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.eval(over), json!(0), "{name}");
        browser.look(name);
        // What says that there is more sideways stands where there is, and nowhere else.
        let hinted = "(() => { const all = [...document.querySelectorAll('.wide')].filter(w => w.offsetWidth); \
            const scrolls = w => w.scrollWidth > w.clientWidth + 1; \
            const lies = all.filter(w => scrolls(w) !== (getComputedStyle(w, '::before').content !== 'none')); \
            return [lies.map(w => w.ariaLabel), all.some(scrolls), all.every(scrolls)]; })()";
        assert_eq!(browser.eval(hinted), json!([[], width < 1000, false]), "{name}");
        // The graph begins at the left edge, and no label of an edge lies on a line.
        let begins = "Math.min(...[...document.querySelectorAll('#model-graph .node')].map(n => n.getBoundingClientRect().left))";
        assert!(browser.eval(begins).as_f64().unwrap() < if width > 1000 { 200.0 } else { 40.0 });
        let crossed = "(() => { const boxes = [...document.querySelectorAll('#model-graph .edge-label')].filter(t => t.textContent).map(t => t.getBBox()); \
            const on = (p) => boxes.some(b => p.x > b.x - 2 && p.x < b.x + b.width + 2 && p.y > b.y && p.y < b.y + b.height); \
            const lines = [...document.querySelectorAll('#model-graph .edge-line')]; \
            return [boxes.length, lines.filter(l => [...Array(200).keys()].some(k => on(l.getPointAtLength(l.getTotalLength() * k / 199)))).length]; })()";
        assert_eq!(browser.eval(crossed), json!([1, 0]), "{name}");
        // Captions end within the screen, and no head of a column is cut.
        let captions = "[...document.querySelectorAll('caption span')].filter(s => s.getClientRects().length && s.getBoundingClientRect().right > innerWidth + 1).map(s => s.textContent)";
        assert_eq!(browser.eval(captions), json!([]), "{name}");
        let heads = "[...document.querySelectorAll('.presence thead span')].filter(s => s.scrollHeight > s.clientHeight + 1).map(s => s.textContent)";
        assert_eq!(browser.eval(heads), json!([]), "{name}");
    }
    assert_eq!(browser.requests(), Vec::<String>::new());
}
