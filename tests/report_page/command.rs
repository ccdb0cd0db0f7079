//! `boldly glm --report` and `boldly group --report`: the page is one of the outputs, true to the maps beside it.

use std::fs;
use std::path::Path;

use boldly::io::read_map;
use boldly::pipeline::peaks;
use boldly::simulate::write::paths;

use crate::binary::{boldly, run, said, study, succeeded};
use crate::checked::{Element, checked_with_scripts};

fn page(dir: &Path, name: &str) -> (String, Vec<Element>) {
    let html = fs::read_to_string(dir.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    if let Some(folder) = std::env::var_os("BOLDLY_LOOK") {
        fs::create_dir_all(&folder).unwrap();
        let name = name.replace('/', "-");
        fs::write(Path::new(&folder).join(name), &html).unwrap();
    }
    let all = checked_with_scripts(&html);
    (html, all)
}

/// `boldly glm` of the made-up run, with more words.
fn glm(dir: &Path, more: &str) {
    let line = format!(
        "glm study/{} --events study/{} --mask study/{} --device cpu --contrast d=control --f-contrast any=pain;control {more}",
        paths::BOLD,
        paths::EVENTS,
        paths::MASK
    );
    succeeded(&line, boldly(dir, &line));
}

/// The first row of the first table of peaks.
fn peak(all: &[Element]) -> &Element {
    all.iter().find(|e| e.name == "tr" && e.attributes.contains_key("data-mm")).expect("a peak")
}

fn text<'a>(all: &'a [Element], id: &str) -> &'a str {
    &all.iter().find(|e| e.has("id", id)).unwrap_or_else(|| panic!("no {id}")).text
}

#[test]
fn glm_writes_its_page_and_verify_knows_it() {
    let folder = study();
    let dir = folder.path();
    glm(dir, "--report --out out");
    glm(dir, "--out plain");
    assert!(!dir.join("plain/report.html").exists(), "a page that nobody asked for");
    let (html, all) = page(dir, "out/report.html");
    assert!(html.len() < 1_500_000, "{} bytes", html.len());

    // The first row of the table is the highest voxel of the map beside the page.
    let (grid, _, t) = read_map(&dir.join("out/contrast-d_stat-t_statmap.nii.gz")).unwrap();
    let at = (0..t.len()).max_by(|&a, &b| t[a].total_cmp(&t[b])).unwrap();
    let [x, y, z] = grid.millimetres(grid.coordinates(at));
    let row = peak(&all);
    let mm: Vec<f64> = row.attributes["data-mm"].split(' ').map(|v| v.parse().unwrap()).collect();
    assert!(
        (mm[0] - x).abs() < 0.06 && (mm[1] - y).abs() < 0.06 && (mm[2] - z).abs() < 0.06,
        "{mm:?} {x} {y} {z}"
    );
    let cells = html[html.find("<tr data-mm").unwrap()..].split("<td class=\"n\">").nth(4).unwrap();
    let shown: f64 = cells.split('<').next().unwrap().replace('−', "-").parse().unwrap();
    assert!((shown - f64::from(t[at])).abs() < 0.06, "{shown} {}", t[at]);

    // A page made of the finished files alone has the same rows.
    let files =
        ["contrast-d_stat-t_statmap.nii.gz", "mask.nii.gz"].map(|n| dir.join("out").join(n));
    let (again, first) = peaks::finished("d", (&files[0], &files[1]), false, (None, 1)).unwrap();
    assert_eq!(first[0], ("1".to_owned(), at));
    let places: Vec<String> = again.clusters.1.rows.iter().map(|r| r[..4].join(" ")).collect();
    let first = html.split("data-view=\"contrast-1-view\"").nth(1).unwrap();
    let rows = first.split("<tr data-mm").count() - 1;
    assert!(!places.is_empty() && rows >= places.len().min(15), "{places:?}");
    assert_eq!(places[0], format!("1 {:.1} {:.1} {:.1}", mm[0], mm[1], mm[2]));
    assert_eq!(again.picture.dof, "36");
    let rule = "(p < .001 uncorrected, upper tail), the highest first";
    assert!(again.clusters.0.contains(rule), "{}", again.clusters.0);
    let (both, _) = peaks::finished("d", (&files[0], &files[1]), true, (None, 1)).unwrap();
    assert!(both.clusters.0.contains("(p < .001 uncorrected, both tails)"), "{}", both.clusters.0);
    let wrong = peaks::finished("d", (&files[1], &files[1]), false, (None, 1)).unwrap_err();
    assert!(wrong.to_string().contains("neither t nor F"), "{wrong}");

    // What the run is, and where its frame times begin.
    assert!(text(&all, "run-1").contains("task columns at"), "{}", text(&all, "run-1"));
    assert!(text(&all, "run-1").contains("40 of 40"));
    assert!(text(&all, "analysis").contains("voxels that all masks share were fitted (100.0 %)"));
    assert!(text(&all, "methods").contains("restricted maximum likelihood"));
    assert!(text(&all, "contrast-1-course-1-desc").contains("40 volumes; the model explains"));
    let command = all.iter().find(|e| e.name == "pre" && e.text.contains("glm study/")).unwrap();
    assert!(command.text.contains("--report --out out"));

    // Among the outputs of every sidecar, and missed or edited it is found.
    let sidecar = fs::read_to_string(dir.join("out/contrast-d_stat-t_statmap.json")).unwrap();
    assert!(sidecar.contains("report.html"));
    run(dir, "verify out -q");
    fs::write(dir.join("out/report.html"), html.replace("100.0 %", "99.0 %")).unwrap();
    let output = boldly(dir, "verify out");
    assert_eq!(output.status.code(), Some(1), "an edited page: {}", said(&output));

    // Images and tables are those without a page.
    for name in
        ["contrast-d_stat-t_statmap.nii.gz", "contrast-any_stat-F_statmap.nii.gz", "design.tsv"]
    {
        let read = |out: &str| fs::read(dir.join(out).join(name)).unwrap();
        assert!(read("out") == read("plain"), "{name}");
    }
}

#[test]
fn the_model_at_a_peak_is_drawn_of_the_run_as_it_was_fitted() {
    let folder = study();
    let dir = folder.path();
    glm(dir, "--report --fwhm 4 --scaling none --noise ols --maps --out out");
    let (html, all) = page(dir, "out/report.html");
    let (grid, _, r2) = read_map(&dir.join("out/stat-rSquare_statmap.nii.gz")).unwrap();
    let row = peak(&all);
    let mm: Vec<f64> = row.attributes["data-mm"].split(' ').map(|v| v.parse().unwrap()).collect();
    let near = |&at: &usize| {
        let place = grid.millimetres(grid.coordinates(at));
        (0..3).all(|axis| (place[axis] - mm[axis]).abs() < 0.06)
    };
    let at = (0..r2.len()).find(near).expect("the peak's voxel");
    let wanted = format!("the model explains {:.0} percent", 100.0 * r2[at]);
    let told = text(&all, "contrast-1-course-1-desc");
    assert!(told.contains(&wanted), "{told}; {wanted}");
    assert!(html.contains("smoothed by a Gaussian of 4 mm"));
}

#[test]
fn group_has_one_page_which_is_live_where_that_is_asked_for() {
    let folder = study();
    let dir = folder.path();
    for k in 1..=6 {
        glm(dir, &format!("--out sub-0{k} --fwhm {}", 10 + k));
    }
    let rows: String = (1..=6)
        .map(|k| format!("s{k}\tsub-0{k}/contrast-d_stat-effect_statmap.nii.gz\n"))
        .collect();
    fs::write(dir.join("maps.tsv"), format!("subject\teffect\n{rows}")).unwrap();
    let fixed =
        "group --maps maps.tsv --model one-sample --device cpu --two-sided --correct fdr --out";
    run(dir, &format!("{fixed} live --report"));
    run(dir, &format!("{fixed} plain"));
    let (_, all) = page(dir, "live/group.html");
    assert_eq!(all.iter().filter(|e| e.class("statistic")).count(), 1);
    assert!(all.iter().any(|e| e.has("download", "contrast-mean_clusters.tsv")));
    let methods = text(&all, "methods");
    assert!(methods.contains("6 maps of 6 subjects") && methods.contains("Benjamini"), "{methods}");
    let plain = fs::read_to_string(dir.join("plain/group.html")).unwrap();
    assert!(!plain.contains("<script"), "a script that nobody asked for");
    run(dir, "verify live -q");
    let pages = fs::read_dir(dir.join("live")).unwrap().map(|f| f.unwrap().file_name());
    let pages = pages.filter(|name| name.to_string_lossy().ends_with(".html")).count();
    assert_eq!(pages, 1);
    let line = format!("{fixed} refused --report --no-pictures");
    assert_eq!(boldly(dir, &line).status.code(), Some(2));
}

#[test]
fn a_run_that_lacks_a_condition_is_named_wherever_it_matters() {
    let folder = study();
    let dir = folder.path();
    let second = "sub-01_task-pain_run-2_bold.nii.gz";
    run(dir, &format!("smooth study/{} --fwhm 9 --out {second} --device cpu -q", paths::BOLD));
    let events = fs::read_to_string(dir.join("study").join(paths::EVENTS)).unwrap();
    let pain: Vec<&str> = events.lines().filter(|line| !line.contains("control")).collect();
    fs::write(dir.join("pain.tsv"), pain.join("\n") + "\n").unwrap();
    run(
        dir,
        &format!(
            "glm study/{} {second} --events study/{} pain.tsv --mask study/{} --device cpu --contrast pain --contrast control --contrast d=pain@run-1-pain@run-2 --contrast one=pain@run-1 --skip-missing --report --out out",
            paths::BOLD,
            paths::EVENTS,
            paths::MASK
        ),
    );
    let (html, all) = page(dir, "out/report.html");
    assert!(html.contains("sub-01_task-pain_run-2: control (missing)"));
    assert!(
        text(&all, "contrast-2").contains("Over the runs that determine it: sub-01_task-pain.")
    );
    assert!(!text(&all, "contrast-1").contains("Over the runs"));
    assert!(text(&all, "run-2").contains("no: the run does not count for it"));
    assert!(!text(&all, "run-1").contains("no: "));
    assert!(!text(&all, "run-1").contains("not asked: "));
    let rows = text(&all, "contrasts");
    assert!(rows.contains("pain (t)all alike1"), "{rows}");
    assert!(rows.contains("control (t)all alike1"), "{rows}");
    assert!(html.contains("d (t) run-2"), "the picture says which run a row is of");
    assert!(text(&all, "run-2").contains("onenot asked: it weighs nothing in this run"));
    let methods = text(&all, "methods");
    for part in [
        "Each of 2 runs was analysed",
        "Task columns were sampled at",
        "Runs were combined by fixed effects, each run counting alike.",
        "Of contrasts that name runs (d, one) effects and variances are summed",
    ] {
        assert!(methods.contains(part), "{part}: {methods}");
    }
    run(dir, "verify out -q");
}
