//! Contrasts across the runs of one call.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../binary/mod.rs"]
mod binary;
#[path = "../common/mod.rs"]
mod common;
mod no_events;
mod regions;
mod sessions;
mod weights;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use binary::{boldly, run, said, study, succeeded};
use boldly::io::source::BoldSource;
use boldly::io::{BoldFile, read_map};
use boldly::simulate::write::paths;
use boldly::volume::Block;
use ndarray::{Array1, Array2};
use serde_json::json;

fn map(dir: &Path, out: &str, contrast: &str, stat: &str) -> Vec<f64> {
    let path = dir.join(format!("{out}/contrast-{contrast}_stat-{stat}_statmap.nii.gz"));
    if let Ok((_, _, values)) = read_map(&path) {
        return common::wide(&values);
    }
    let mut rows = BoldFile::open(&path).unwrap();
    let block = Block::whole(rows.shape(), rows.n_volumes);
    common::wide(&rows.read(&block).unwrap().data)
}

#[test]
fn a_contrast_across_two_runs_is_the_difference_of_their_effects_with_both_variances() {
    let folder = study();
    let dir = folder.path();
    let (bold, events, mask) = (paths::BOLD, paths::EVENTS, paths::MASK);
    let second = "sub-01_task-pain_run-2_bold.nii.gz";
    run(dir, &format!("smooth study/{bold} --fwhm 9 --out {second} --device cpu -q"));
    let options = format!(
        "--mask study/{mask} --task-times start --noise ols --scaling none --device cpu -q --contrast"
    );
    let alone = |bold: &str, out: &str| {
        run(dir, &format!("glm {bold} --events study/{events} {options} pain --out {out}"));
    };
    alone(&format!("study/{bold}"), "one");
    alone(second, "two");
    let both =
        format!("glm study/{bold} {second} --events study/{events} study/{events} {options}");
    run(dir, &format!("{both} d=pain@run-1-pain@run-2 --out both"));
    let echo_times = |times: [f64; 2]| {
        let sidecars = [dir.join("study").join(bold), dir.join(second)];
        for (image, time) in sidecars.iter().zip(times) {
            let path = image.to_string_lossy().replace(".nii.gz", ".json");
            std::fs::write(&path, json!({ "EchoTime": time }).to_string()).unwrap();
        }
        let line = format!("{both} d=pain@run-1-pain@run-2 --out echoes --overwrite");
        let line = line.replace(" -q ", " ");
        said(&succeeded(&line, boldly(dir, &line)))
    };
    let told = echo_times([0.013, 0.028]);
    assert!(told.contains("echo times differ") && told.contains("runs --echo-times 13"), "{told}");
    assert!(!echo_times([0.028, 0.028]).contains("echo times differ"));
    let [one, two] = ["one", "two"].map(|out| map(dir, out, "pain", "effect"));
    let [v_one, v_two] = ["one", "two"].map(|out| map(dir, out, "pain", "variance"));
    let of = |a: &[f64], b: &[f64], how: fn(f64, f64) -> f64| -> Vec<f64> {
        a.iter().zip(b).map(|(a, b)| how(*a, *b)).collect()
    };
    let want = of(&one, &two, |a, b| a - b);
    let size = want.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    assert!(size > 0.1, "they differ");
    common::assert_close("effect", &map(dir, "both", "d", "effect"), &want, 1e-5, 1e-6 * size);
    let want = of(&v_one, &v_two, |a, b| a + b);
    common::assert_close("variance", &map(dir, "both", "d", "variance"), &want, 1e-6, 0.0);
    let refused = boldly(dir, &format!("{both} pain@run-3-pain@run-1 --out none"));
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        said(&refused).contains("names run-3, which is none of the runs"),
        "{}",
        said(&refused)
    );
    // The same names in two sessions: run-1 is not the first of the command alone.
    let names = [1, 2].map(|ses| format!("sub-01_ses-{ses}_task-pain_run-1_bold.nii.gz"));
    std::fs::copy(dir.join("study").join(bold), dir.join(&names[0])).unwrap();
    std::fs::copy(dir.join(second), dir.join(&names[1])).unwrap();
    let [first, other] = &names;
    let line = format!("glm {first} {other} --events study/{events} study/{events} {options}");
    let refused = boldly(dir, &format!("{line} pain@run-1-pain@run-2 --out none"));
    assert_eq!(refused.status.code(), Some(2));
    for part in ["names run-1, which is the name of 2 runs", "ses-1_run-1, ses-2_run-1"] {
        assert!(said(&refused).contains(part), "`{part}` is not in: {}", said(&refused));
    }
    run(dir, &format!("{line} d=pain@ses-1-pain@ses-2 --out sessions"));
    let of_sessions = map(dir, "sessions", "d", "effect");
    assert_eq!(of_sessions, map(dir, "both", "d", "effect"));
    // Files that have no run entity all are known by their place.
    let line = format!("glm study/{bold} {other} --events study/{events} study/{events} {options}");
    let refused = boldly(dir, &format!("{line} pain@run-2-pain@run-1 --out none"));
    for part in ["names run-", "is the name of one file and the place of another", "by their place"]
    {
        assert!(said(&refused).contains(part), "`{part}` is not in: {}", said(&refused));
    }
    // A run of another pace is modelled at its own, and told.
    let mut bytes = Vec::new();
    let mut packed = flate2::read::GzDecoder::new(File::open(dir.join(other)).unwrap());
    packed.read_to_end(&mut bytes).unwrap();
    let tr = f32::from_le_bytes(bytes[92..96].try_into().unwrap());
    bytes[92..96].copy_from_slice(&(0.9 * tr).to_le_bytes());
    std::fs::write(dir.join("sub-01_task-pain_run-9_bold.nii"), bytes).unwrap();
    let runs = format!("{first} sub-01_task-pain_run-9_bold.nii");
    let told = options.replace(" -q", "");
    let line = format!("glm {runs} --events study/{events} study/{events} {told} pain");
    let done = succeeded("glm", boldly(dir, &format!("{line} --out pace")));
    let told = format!("has TR {tr} s and sub-01_task-pain_run-9_bold.nii TR {} s", 0.9 * tr);
    assert!(said(&done).contains(&told), "`{told}` is not in: {}", said(&done));
    let line = format!("{both} pain@run-1-pain@run-2 --combine precision --out none");
    let refused = boldly(dir, &line);
    for part in
        ["each of which counts as it says", "--combine precision", "in a command of its own"]
    {
        assert!(said(&refused).contains(part), "{part}: {}", said(&refused));
    }
}

/// Inverse by Gauss and Jordan with pivots.
fn inverse(a: &Array2<f64>) -> Array2<f64> {
    let n = a.nrows();
    let mut both = Array2::zeros((n, 2 * n));
    both.slice_mut(ndarray::s![.., ..n]).assign(a);
    (0..n).for_each(|i| both[[i, n + i]] = 1.0);
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| both[[i, k]].abs().total_cmp(&both[[j, k]].abs()));
        let pivot = pivot.unwrap();
        for c in 0..2 * n {
            both.swap([k, c], [pivot, c]);
        }
        let own = &both.row(k) / both[[k, k]];
        for i in 0..n {
            let times = both[[i, k]];
            both.row_mut(i).scaled_add(-times, &own);
        }
        both.row_mut(k).assign(&own);
    }
    both.slice(ndarray::s![.., n..]).to_owned()
}

/// A run fitted by its normal equations: columns, (X'X)^-1 X', (X'X)^-1 and data `[volume][voxel]`.
struct Brute {
    names: Vec<String>,
    x: Array2<f64>,
    inverse: Array2<f64>,
    bold: Array2<f64>,
}

impl Brute {
    fn new(dir: &Path, design: &str, bold: &str) -> Brute {
        let table = boldly::io::tsv::read(&dir.join(design)).unwrap();
        let (n, p) = (table.rows.len(), table.columns.len());
        let x = Array2::from_shape_fn((n, p), |(t, c)| table.rows[t][c].parse().unwrap());
        let mut file = BoldFile::open(&dir.join(bold)).unwrap();
        let block = Block::whole(file.shape(), n);
        let data = common::wide(&file.read(&block).unwrap().data);
        let bold = Array2::from_shape_vec((n, data.len() / n), data).unwrap();
        Brute { names: table.columns, inverse: inverse(&x.t().dot(&x)), x, bold }
    }

    /// Effects and covariance of weights `[row][(column, weight)]`, and the degrees of freedom.
    fn of(&self, rows: &[&[(&str, f64)]], voxel: usize) -> (Array1<f64>, Array2<f64>, f64) {
        let weight = |row: &[(&str, f64)], name: &String| {
            row.iter().filter(|(n, _)| n == name).map(|(_, w)| w).sum::<f64>()
        };
        let c = Array2::from_shape_fn((rows.len(), self.names.len()), |(row, column)| {
            weight(rows[row], &self.names[column])
        });
        let y = self.bold.column(voxel);
        let beta = self.inverse.dot(&self.x.t().dot(&y));
        let residual = &y - &self.x.dot(&beta);
        let dof = (self.x.nrows() - self.x.ncols()) as f64;
        let sigma2 = residual.dot(&residual) / dof;
        (c.dot(&beta), c.dot(&self.inverse).dot(&c.t()) * sigma2, dof)
    }
}

type Rows<'a> = &'a [&'a [(&'a str, f64)]];

/// What each of some runs weighs.
type Parts<'a> = &'a [(usize, Rows<'a>)];

/// What a contrast is worth at a voxel: effects, their variances, t or F, degrees of freedom.
fn statistic(m: &Array1<f64>, v: &Array2<f64>) -> f64 {
    if m.len() == 1 {
        return m[0] / v[[0, 0]].sqrt();
    }
    m.dot(&inverse(v).dot(m)) / m.len() as f64
}

#[test]
fn a_contrast_is_that_of_the_runs_that_have_its_conditions_as_normal_equations_have_it() {
    let folder = study();
    let dir = folder.path();
    let bold = |run: usize| format!("sub-01_task-pain_run-{run}_bold.nii.gz");
    for (run_number, fwhm) in [(1, 3), (2, 9), (3, 15)] {
        let (from, to) = (paths::BOLD, bold(run_number));
        run(dir, &format!("smooth study/{from} --fwhm {fwhm} --out {to} --device cpu -q"));
        let more = if run_number == 3 { "" } else { "35\t15\tcontrol\n" };
        let text = format!("onset\tduration\ttrial_type\n{}\t15\tpain\n{more}", 3 + run_number);
        let events = dir.join(format!("sub-01_task-pain_run-{run_number}_events.tsv"));
        std::fs::write(events, text).unwrap();
    }
    let files = |what: &str| (1..4).map(|r| format!("sub-01_task-pain_run-{r}_{what} ")).collect();
    let (bolds, events): (String, String) = (files("bold.nii.gz"), files("events.tsv"));
    let line = format!(
        "glm {bolds} --events {events} --mask study/{} --task-times start --noise ols --scaling none --skip-missing --device cpu",
        paths::MASK
    );
    let within =
        "--contrast pain --contrast control --contrast pain-control --f-contrast f=pain;control";
    let across = "--contrast one=pain@run-1-pain@run-3 --contrast mixed=pain@run-3-control \
                  --f-contrast differ=pain@run-1-pain@run-2;pain@run-2-pain@run-3";
    let mean = format!("{line} {within} {across} --out mean");
    let output = said(&succeeded(&mean, boldly(dir, &mean)));
    for part in [
        "contrast 'control' is that of 2 of 3 runs",
        "contrast 'pain-control' is that of 2 of 3 runs",
        "contrast 'f' is that of 2 of 3 runs",
        "run-3_bold.nii.gz has no `control`, and 1 of 2 rows would be another F",
        "what names no run in contrast 'mixed' is that of 2 of 3 runs",
    ] {
        assert!(output.contains(part), "{part}: {output}");
    }
    assert!(!output.contains("contrast 'pain' is") && !output.contains("'differ' is"), "{output}");
    let precision = format!("{line} {within} --combine precision --out precision");
    let told = said(&succeeded(&precision, boldly(dir, &precision)));
    // 40 volumes less the columns of the run that has most; 4 (1 - 1/3) of that (Meier 1953).
    let n_columns = |r: usize| {
        let design = std::fs::read_to_string(dir.join(format!("mean/run-{r}_design.tsv"))).unwrap();
        design.lines().next().unwrap().split('\t').count()
    };
    let dof = 40 - (1..4).map(n_columns).max().unwrap();
    let off = 100.0 * (8.0 / 3.0) / dof as f64;
    let part = format!(
        "weights of runs that have {dof} degrees of freedom are little known, and variances some {off:.0} % larger"
    );
    assert!(told.contains(&part) && !output.contains("weights of runs"), "{part}: {told}");
    let runs: Vec<Brute> =
        (1..4).map(|r| Brute::new(dir, &format!("mean/run-{r}_design.tsv"), &bold(r))).collect();
    let (pain, control): (&[_], &[_]) = (&[("pain", 1.0)], &[("control", 1.0)]);
    let of_each: [(&str, &str, Rows, &[usize]); 4] = [
        ("pain", "t", &[pain], &[0, 1, 2]),
        ("control", "t", &[control], &[0, 1]),
        ("painMinusControl", "t", &[&[("pain", 1.0), ("control", -1.0)]], &[0, 1]),
        ("f", "F", &[pain, control], &[0, 1]),
    ];
    let inside = map_of(dir, "mean/mask.nii.gz");
    let voxels: Vec<usize> = (0..inside.len()).filter(|&v| inside[v] > 0.0).step_by(7).collect();
    assert!(voxels.len() > 20);
    let mut checked = 0;
    let mut check = |(out, contrast, stat): (&str, &str, &str),
                     want: &[(Array1<f64>, Array2<f64>)],
                     dof: f64| {
        let (effect, variance) =
            (map(dir, out, contrast, "effect"), map(dir, out, contrast, "variance"));
        let values = map(dir, out, contrast, stat);
        for (&voxel, (m, v)) in voxels.iter().zip(want) {
            let close = |got: f64, want: f64, what: &str| {
                let off = (got - want).abs();
                assert!(off <= 2e-4 * want.abs().max(1e-3), "{out} {contrast} {what} {got} {want}");
            };
            for row in 0..m.len() {
                close(effect[row * inside.len() + voxel], m[row], "effect");
                close(variance[row * inside.len() + voxel], v[[row, row]], "variance");
            }
            close(values[voxel], statistic(m, v), stat);
            checked += 1;
        }
        let path = dir.join(format!("{out}/contrast-{contrast}_stat-{stat}_statmap.json"));
        let json: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let dofs = &json["DegreesOfFreedom"];
        let want = if stat == "t" { json!(dof) } else { json!([want[0].0.len() as f64, dof]) };
        assert_eq!(*dofs, want, "{contrast}");
    };
    for (contrast, stat, rows, counted) in of_each {
        let dof = |voxel: usize| counted.iter().map(|&r| runs[r].of(rows, voxel).2).sum::<f64>();
        let n = counted.len() as f64;
        let parts = |voxel: usize| counted.iter().map(move |&r| (r, voxel));
        let mean = |&voxel: &usize| {
            let of = parts(voxel).map(|(r, voxel)| runs[r].of(rows, voxel));
            let sum = of.fold(
                (Array1::zeros(rows.len()), Array2::zeros((rows.len(), rows.len()))),
                |(m, v), one| (m + one.0, v + one.1),
            );
            (sum.0 / n, sum.1 / (n * n))
        };
        let precision = |&voxel: &usize| {
            let of = parts(voxel).map(|(r, voxel)| runs[r].of(rows, voxel));
            let sum = of.fold(
                (Array1::zeros(rows.len()), Array2::zeros((rows.len(), rows.len()))),
                |(m, w), one| {
                    let weight = inverse(&one.1);
                    (m + weight.dot(&one.0), w + weight)
                },
            );
            let v = inverse(&sum.1);
            (v.dot(&sum.0), v)
        };
        check(("mean", contrast, stat), &voxels.iter().map(mean).collect::<Vec<_>>(), dof(0));
        check(
            ("precision", contrast, stat),
            &voxels.iter().map(precision).collect::<Vec<_>>(),
            dof(0),
        );
    }
    let add = |parts: Parts, voxel: usize| {
        let of = parts.iter().map(|(r, rows)| runs[*r].of(rows, voxel));
        of.reduce(|(m, v, dof), one| (m + one.0, v + one.1, dof + one.2)).unwrap()
    };
    let (minus, half): (&[_], &[_]) = (&[("pain", -1.0)], &[("control", -0.5)]);
    let sums: [(&str, &str, Parts); 3] = [
        ("one", "t", &[(0, &[pain]), (2, &[minus])]),
        ("mixed", "t", &[(0, &[half]), (1, &[half]), (2, &[pain])]),
        ("differ", "F", &[(0, &[pain, &[]]), (1, &[minus, pain]), (2, &[&[], minus])]),
    ];
    for (contrast, stat, parts) in sums {
        let want: Vec<_> = voxels.iter().map(|&v| add(parts, v)).map(|(m, v, _)| (m, v)).collect();
        check(("mean", contrast, stat), &want, add(parts, 0).2);
    }
    assert!(checked > 200, "{checked}");

    let json =
        std::fs::read_to_string(dir.join("mean/contrast-control_stat-t_statmap.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        json["ContrastWeights"],
        serde_json::json!([{"control": 1.0}, {"control": 1.0}, null])
    );
    assert!(
        json.to_string().contains(r#""runs":["sub-01_task-pain_run-1","sub-01_task-pain_run-2"]"#),
        "{json}"
    );
    run(dir, "verify mean precision -q");

    let refused = |contrast: &str, code: i32, parts: &[&str]| {
        let output = boldly(dir, &format!("{line} --contrast {contrast} --out none"));
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        parts
            .iter()
            .for_each(|part| assert!(said(&output).contains(part), "{part}: {}", said(&output)));
    };
    refused(
        "control@run-3-control@run-1",
        65,
        &["weighs run-3 by its name, and", "run-3_bold.nii.gz has no `control`"],
    );
    refused("contrl", 2, &["names `contrl`, which is no column", "did you mean `control`?"]);
    refused("pain@run-2-pain@run-2", 2, &["only zero weights"]);
}

#[test]
fn a_contrast_of_conditions_that_no_run_has_together_names_them_and_the_runs() {
    let folder = study();
    let dir = folder.path();
    let second = "sub-01_task-pain_run-2_bold.nii.gz";
    run(dir, &format!("smooth study/{} --fwhm 9 --out {second} --device cpu -q", paths::BOLD));
    for (name, condition) in [("a", "pain"), ("b", "control")] {
        let text = format!("onset\tduration\ttrial_type\n4\t15\t{condition}\n");
        std::fs::write(dir.join(format!("{name}.tsv")), text).unwrap();
    }
    let line =
        format!("glm study/{} {second} --events a.tsv b.tsv --device cpu --contrast", paths::BOLD);
    let output = boldly(dir, &format!("{line} pain-control --out none"));
    assert_eq!(output.status.code(), Some(65), "{}", said(&output));
    for part in ["has no `control`; ", "run-2_bold.nii.gz has no `pain`", "a@run-1 - b@run-2"] {
        assert!(said(&output).contains(part), "{part}: {}", said(&output));
    }
    // A run that counts for nothing has its say in the mask, under every model of the noise: here is a voxel without signal in it.
    let mut file = BoldFile::open(&dir.join(second)).unwrap();
    let mut dim = file.read(&Block::whole(file.shape(), file.n_volumes)).unwrap();
    let header = file.header.for_bold(file.n_volumes);
    drop(file);
    let inside = map_of(dir, &format!("study/{}", paths::MASK));
    let voxel = inside.iter().position(|v| *v > 0.0).unwrap();
    dim.data.iter_mut().skip(voxel).step_by(inside.len()).for_each(|v| *v *= 0.01);
    let mut outputs = boldly::io::Outputs::new();
    outputs.map(&dir.join("dim_bold.nii"), &header, &dim.data).unwrap();
    outputs.commit().unwrap();
    let line = line.replace(second, "dim_bold.nii --tr 2");
    for noise in ["ols", "ar1", "arma11"] {
        let line = format!(
            "{line} pain --noise {noise} --maps --skip-missing --mask study/{} --out only-{noise}",
            paths::MASK
        );
        let output = said(&succeeded(&line, boldly(dir, &line)));
        assert!(output.contains("contrast 'pain' is that of 1 of 2 runs"), "{output}");
        assert!(output.contains("1 mask voxel of dim_bold.nii has a mean below"), "{output}");
        let t = map(dir, &format!("only-{noise}"), "pain", "t");
        assert!(t.iter().any(|t| *t != 0.0));
    }
}

#[test]
fn a_modulator_of_a_condition_that_a_run_lacks_has_no_column_there() {
    let folder = study();
    let dir = folder.path();
    let second = "sub-01_task-pain_run-2_bold.nii.gz";
    run(dir, &format!("smooth study/{} --fwhm 9 --out {second} --device cpu -q", paths::BOLD));
    let head = "onset\tduration\ttrial_type\trating\n";
    let warm = "5\t9\twarm\t1\n50\t9\twarm\t2\n";
    let pain = "20\t9\tpain\t4\n35\t9\tpain\t7\n80\t9\tpain\t5\n";
    std::fs::write(dir.join("a.tsv"), format!("{head}{warm}{pain}")).unwrap();
    std::fs::write(dir.join("b.tsv"), format!("{head}{warm}")).unwrap();
    let line = format!(
        "glm study/{} {second} --events a.tsv b.tsv --device cpu --noise ols --task-times start --modulate pain:rating",
        paths::BOLD
    );
    let both = format!("{line} --contrast warm --out both");
    let told = said(&succeeded(&both, boldly(dir, &both)));
    let warning = "b.tsv has no `pain`: what modulates it has no column in this run";
    assert_eq!(told.matches(warning).count(), 1, "{told}");
    let columns = |run: usize| {
        let table =
            std::fs::read_to_string(dir.join(format!("both/run-{run}_design.tsv"))).unwrap();
        table.lines().next().unwrap().matches("rating").count()
    };
    assert_eq!([columns(1), columns(2)], [1, 0]);
    // one rating in all of a run is no modulator there; over the runs where it is one the contrast stands when asked for
    let same = "20\t9\tpain\t4\n35\t9\tpain\t4\n80\t9\tpain\tn/a\n";
    std::fs::write(dir.join("b.tsv"), format!("{head}{warm}{same}")).unwrap();
    let flat = format!("{line} --contrast pain:rating --skip-missing --out flat");
    let told = said(&succeeded(&flat, boldly(dir, &flat)));
    let warning = "b.tsv: rating of the events of `pain` does not vary, as it does in another run";
    assert!(told.contains(warning) && told.contains("is that of 1 of 2 runs"), "{told}");
    let rated = std::fs::read_to_string(dir.join("b.tsv")).unwrap();
    std::fs::write(dir.join("b.tsv"), rated.replace("\t4\n", "\tn/a\n")).unwrap();
    let none = flat.replace("--out flat", "--out none-rated");
    let told = said(&succeeded(&none, boldly(dir, &none)));
    let warning = "b.tsv: rating of the events of `pain` has no value (n/a) and so does not vary";
    assert!(told.contains(warning), "{told}");
    std::fs::write(dir.join("b.tsv"), rated).unwrap();
    std::fs::write(dir.join("a.tsv"), format!("{head}{warm}{same}")).unwrap();
    let flat = flat.replace("--out flat", "--out none");
    assert!(said(&boldly(dir, &flat)).contains("is 4 in all"), "in no run");
    let other = format!("{line} --modulate cold:rating --contrast warm --out none");
    let refused = boldly(dir, &other);
    assert!(said(&refused).contains("cold"), "{}", said(&refused));
    assert!(!refused.status.success(), "a condition of no run");
}

fn map_of(dir: &Path, path: &str) -> Vec<f64> {
    common::wide(&read_map(&dir.join(path)).unwrap().2)
}

#[test]
fn what_a_run_comes_to_does_not_depend_on_those_before_it() {
    let folder = study();
    let dir = folder.path();
    let (bold, events, mask) = (paths::BOLD, paths::EVENTS, paths::MASK);
    // A run that has too little signal for percent in every seventh voxel of the mask.
    let mut source = BoldFile::open(&dir.join("study").join(bold)).unwrap();
    let (shape, n_volumes) = (source.shape(), source.n_volumes);
    let header = source.header.for_bold(n_volumes);
    let mut whole = source.read(&Block::whole(shape, n_volumes)).unwrap();
    let (_, _, inside) = read_map(&dir.join("study").join(mask)).unwrap();
    let inside: Vec<usize> = (0..inside.len()).filter(|&v| inside[v] > 0.0).collect();
    for &voxel in inside.iter().step_by(7) {
        for volume in 0..n_volumes {
            whole.data[volume * shape.iter().product::<usize>() + voxel] *= 0.02;
        }
    }
    let dim = "sub-01_task-pain_run-2_bold.nii.gz";
    let mut outputs = boldly::io::Outputs::new();
    let mut writer = outputs.bold(&dir.join(dim), &header).unwrap();
    writer.write_block(&whole).unwrap();
    writer.finish().unwrap();
    outputs.commit().unwrap();
    let line = |runs: &str, out: &str| {
        format!(
            "glm {runs} --events study/{events} study/{events} --mask study/{mask} --task-times start --contrast pain --device cpu -q --out {out}"
        )
    };
    run(dir, &line(&format!("study/{bold} {dim}"), "after"));
    run(dir, &line(&format!("{dim} study/{bold}"), "before"));
    for stat in ["effect", "t"] {
        let [after, before] = ["after", "before"].map(|out| map(dir, out, "pain", stat));
        assert!(after.iter().filter(|v| **v != 0.0).count() < inside.len(), "the dim are out");
        assert_eq!(after, before, "{stat}");
    }
}
