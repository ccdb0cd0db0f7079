//! The page of a trial as a browser shows it: on wide and narrow screens, light and dark, by keys, and on paper.

use std::path::PathBuf;

use boldly::report::trial::PictureFile;
use boldly::trial::Results;
use serde_json::json;

use crate::browser::{Browser, CROWDED, FAINT, chromium};
use crate::report::{RESULTS, drawn, with_pictures};

/// The page in a folder of its own, and a browser, where there is one.
fn page() -> Option<(tempfile::TempDir, PathBuf, Browser)> {
    let browser = Browser::start(&chromium()?);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    std::fs::write(&path, drawn(&RESULTS)).unwrap();
    Some((folder, path, browser))
}

#[test]
fn on_a_wide_and_a_narrow_screen_light_or_dark_nothing_is_cut_crowded_or_faint() {
    let Some((_folder, path, mut browser)) = page() else { return };
    for (width, dark) in [(1280, false), (1280, true), (400, false), (400, true)] {
        browser.open(&path, width, dark);
        let at = format!("{width} px, {}", if dark { "dark" } else { "light" });
        assert_eq!(browser.requests(), [""; 0], "{at}");
        assert_eq!(browser.errors(), [""; 0], "{at}");
        browser.assert_tidy(&at);
        browser.look(&format!("trial-{width}-{}", if dark { "dark" } else { "light" }));
    }
    // A word twice and a grey paragraph would have been found.
    browser.eval("(() => { const t = document.querySelector('figure svg[id$=narrow] text'); t.after(t.cloneNode(true)); document.querySelector('p').style.color = '#666'; })()");
    let found = browser.eval(CROWDED);
    assert!(found.as_array().is_some_and(|found| found.len() == 1), "{found}");
    let found = browser.eval(FAINT);
    assert!(found.as_array().is_some_and(|found| found.len() == 1), "{found}");
    let dead = "[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.hash.slice(1)).filter(id => !document.getElementById(id))";
    assert_eq!(browser.eval(dead), json!([]));
    let bare = "[...document.querySelectorAll('table')].filter(t => !t.caption && !t.closest('details')?.querySelector('summary')).length";
    assert_eq!(browser.eval(bare), json!(0));
}

/// Edges of so many regions, every seventh of them n/a.
fn with_regions(n: usize) -> Results {
    let mut results = RESULTS.clone();
    let part = results.edges.as_mut().unwrap();
    let one = part.rows[2].clone();
    part.regions = (0..n).map(|at| format!("region_of_the_atlas_{at}_L")).collect();
    let pairs = (0..n).flat_map(|b| (0..b).map(move |a| [a, b]));
    let row = |(at, [a, b]): (usize, [usize; 2])| {
        let mut row = one.clone();
        [row.region_a, row.region_b] = [a, b].map(|region| part.regions[region].clone());
        let mut difference = row.difference.unwrap();
        difference.value *= (at % 11) as f64 / 5.0 - 1.0;
        row.difference = Some(difference).filter(|_| at % 7 != 6);
        row.q = [Some(0.01), Some(0.2), None][at % 3];
        row
    };
    part.rows = pairs.enumerate().map(row).collect();
    results
}

#[test]
fn the_matrix_of_two_regions_and_of_hundreds_fits_wide_and_narrow_screens() {
    let Some((_folder, path, mut browser)) = page() else { return };
    for n in [2, 3, 14, 45, 61, 300] {
        std::fs::write(&path, drawn(&with_regions(n))).unwrap();
        for (width, dark) in [(1280, false), (400, true)] {
            browser.open(&path, width, dark);
            let at = format!("{n} regions, {width} px");
            assert_eq!(browser.errors(), [""; 0], "{at}");
            browser.assert_tidy(&at);
            let seen = browser.eval(
                "[...document.querySelectorAll('#edges figure svg')].filter(svg => svg.getClientRects().length).map(svg => [svg.getBoundingClientRect().width > 100, svg.querySelectorAll('path').length < 100])",
            );
            assert_eq!(seen, json!([[true, true]]), "{at}");
            browser.eval("document.querySelector('#edges').scrollIntoView()");
            browser.look(&format!("edges-{n}-{width}"));
        }
    }
}

#[test]
fn tables_keep_to_the_page_names_to_their_line_and_axes_say_all() {
    let Some((_folder, path, mut browser)) = page() else { return };
    browser.open(&path, 1600, false);
    browser.eval("document.querySelectorAll('details').forEach(d => d.open = true)");
    let out = "(m => [...document.querySelectorAll('.scroll, .wide')].map(s => [s.ariaLabel, s.getBoundingClientRect(), s.querySelector('table')]) \
        .filter(([name, b, t]) => b.width && (b.left < m.left - 1 || b.right > m.right + 1) && t.scrollWidth < b.width - 1).map(([name]) => name))(document.querySelector('main').getBoundingClientRect())";
    assert_eq!(browser.eval(out), json!([]), "beyond the text without a need");
    // What is wider than the text takes the room that the window has.
    for width in [1280, 1600] {
        browser.size(width, 900);
        let cut = "[...document.querySelectorAll('.scroll')].filter(s => s.scrollWidth > s.clientWidth + 1).map(s => s.ariaLabel)";
        assert_eq!(browser.eval(cut), json!([]), "behind scrolling at {width} px");
        let beyond = "document.documentElement.scrollWidth - innerWidth";
        assert!(browser.eval(beyond).as_f64().is_some_and(|px| px <= 0.0), "{width} px");
    }
    let cut = "[...document.querySelectorAll('svg .label[text-anchor=middle]')].map(t => t.textContent).filter(t => t.endsWith('…'))";
    assert_eq!(browser.eval(cut), json!([]), "labels along an axis");
    // Names of participants are on one line each, on a narrow screen too.
    browser.size(400, 900);
    let parted = "[...document.querySelectorAll('.id')].filter(s => s.getClientRects().length > 1).map(s => s.textContent)";
    assert_eq!(browser.eval(parted), json!([]));
    let ids = browser.eval("document.querySelectorAll('.id').length").as_u64().unwrap();
    let whole = "[...document.querySelectorAll('.scroll td')].filter(t => /(^|[ ,])sub-\\d+/.test(t.textContent) && !t.querySelector('.id')).map(t => t.textContent)";
    assert_eq!(browser.eval(whole), json!([]));
    assert!(ids > 0, "no name of a participant on the page");
}

#[test]
fn tables_are_unfolded_by_keys_and_all_of_it_can_be_printed() {
    let Some((_folder, path, mut browser)) = page() else { return };
    browser.open(&path, 1280, false);
    browser.eval("document.querySelector('details summary').focus()");
    let is_open = "document.querySelector('details').open";
    assert_eq!(browser.eval(is_open), json!(false));
    browser.key("Enter", 13);
    assert_eq!(browser.eval(is_open), json!(true));
    browser.media("print", false);
    let over = "[...document.querySelectorAll('figure svg, figure img')].filter(i => i.getBoundingClientRect().right > innerWidth).length";
    assert_eq!(browser.eval(over), json!(0));
    let printed = browser.printed();
    assert!(printed.starts_with(b"%PDF"));
    if let Some(folder) = std::env::var_os("BOLDLY_LOOK") {
        std::fs::write(PathBuf::from(folder).join("trial.pdf"), printed).unwrap();
    }
}

#[test]
fn pictures_keep_their_letters_on_a_telephone_and_scroll_in_their_own_box() {
    let Some((_folder, path, mut browser)) = page() else { return };
    // 900 pixels across, as statistical maps are; one whose size only its viewBox says; a small one.
    let svg = |size: &str| {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" {size}><title>t</title><text x=\"9\" y=\"20\">x = 4</text></svg>"
        )
    };
    let sizes = [
        "width=\"900\" height=\"600\" viewBox=\"0 0 900 600\"",
        "viewBox=\"0 0 900 600\"",
        "width=\"90\" height=\"60\"",
    ];
    let pictures = sizes.map(|size| PictureFile {
        name: "a_statmap.svg".to_owned(),
        words: "t of the insula".to_owned(),
        kind: "image/svg+xml",
        bytes: svg(size).into_bytes(),
        table: None,
    });
    std::fs::write(&path, with_pictures(&RESULTS, &pictures)).unwrap();
    let widths = "[...document.querySelectorAll('figure.map img')].map(i => Math.round(i.getBoundingClientRect().width))";
    let text = "Math.round(document.querySelector('figure.map').getBoundingClientRect().width)";
    for dark in [false, true] {
        browser.open(&path, 400, dark);
        browser.assert_tidy("pictures at 400 px");
        // Of 16 pixels a rem: 52 of them.
        assert_eq!(browser.eval(widths), json!([832, 832, browser.eval(text)]));
    }
    browser.look("trial-pictures-400");
    browser.open(&path, 1280, false);
    browser.assert_tidy("pictures at 1280 px");
    let whole = browser.eval(text);
    assert_eq!(browser.eval(widths), json!([whole, whole, whole]));
    browser.media("print", false);
    browser.size(700, 900);
    let whole = browser.eval(text);
    assert_eq!(browser.eval(widths), json!([whole, whole, whole]), "on paper");
}

#[test]
fn labels_of_shares_are_whole_where_nobody_or_one_responds() {
    let Some((_folder, path, mut browser)) = page() else { return };
    for n in [0, 1, 30] {
        let mut results = RESULTS.clone();
        for row in results.responders.iter_mut().flat_map(|part| &mut part.rows) {
            (row.responders.active, row.responders.control) = (n, 0);
        }
        std::fs::write(&path, drawn(&results)).unwrap();
        for width in [1280, 400] {
            browser.open(&path, width, false);
            let of = "[...document.querySelectorAll('#responders-section figure svg')].filter(svg => svg.getClientRects().length)";
            let cut = format!(
                "{of}.flatMap(svg => (s => [...svg.querySelectorAll('text')].filter(t => (b => b.left < s.left - 0.5 || b.right > s.right + 0.5)(t.getBoundingClientRect())).map(t => t.textContent))(svg.getBoundingClientRect()))"
            );
            assert_eq!(browser.eval(&cut), json!([]), "{n} responders, {width} px");
            let said = format!(
                "{of}.map(svg => [...svg.querySelectorAll('text')].map(t => t.textContent))"
            );
            assert!(
                !browser.eval(&said).to_string().contains("\"0.0\""),
                "{n} of shares below 1 %"
            );
        }
        browser.look(&format!("responders-{n}"));
    }
}

#[test]
fn titles_of_tables_stay_within_their_frame_beside_a_scroll_bar() {
    let Some((_folder, path, mut browser)) = page() else { return };
    browser.open(&path, 400, false);
    browser.eval("document.documentElement.style.width = 'calc(100vw - 17px)'");
    let cut = "[...document.querySelectorAll('.scroll caption span')].filter(s => s.getClientRects().length && s.getBoundingClientRect().right > s.closest('.scroll').getBoundingClientRect().right + 0.5).map(s => s.textContent)";
    assert_eq!(browser.eval(cut), json!([]));
}
