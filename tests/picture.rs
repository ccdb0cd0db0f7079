//! The picture of slices: where things lie, what colours mean, and what cannot be drawn.
#![allow(clippy::unwrap_used, reason = "tests")]

use boldly::report::picture::{Cut, Panel, cuts_through, panels};
use boldly::volume::Grid;

/// 8 x 10 x 6 voxels of 2 x 2 x 3 mm; `sense` -1 for an i that runs to the left.
fn grid(sense: f64) -> Grid {
    Grid {
        shape: [8, 10, 6],
        affine: [
            [2.0 * sense, 0.0, 0.0, -7.0 * sense],
            [0.0, 2.0, 0.0, -9.0],
            [0.0, 0.0, 3.0, -7.5],
            [0.0, 0.0, 0.0, 1.0],
        ],
        voxel_size_mm: [2.0, 2.0, 3.0],
        is_placed: true,
    }
}

/// Width and rows of RGB pixels.
fn decoded(file: &[u8]) -> (usize, Vec<[u8; 3]>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().expect("a PNG file");
    let mut bytes = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut bytes).expect("a frame");
    (info.width as usize, bytes.as_chunks().0.to_vec())
}

fn panel<'a>(background: &'a [f32], overlay: &'a [f32]) -> Panel<'a> {
    Panel {
        title: "A title",
        note: "a note",
        background,
        overlay,
        outline: None,
        threshold: 3.0,
        floor: 3.0,
        max: 8.0,
    }
}

/// The mean column and row of pixels that a test accepts; how many there are. The colour bar at the right is left
/// out: nothing beyond `until` counts.
fn centre(file: &[u8], until: usize, accept: impl Fn([u8; 3]) -> bool) -> (f64, f64, usize) {
    let (width, pixels) = decoded(file);
    let found: Vec<usize> =
        (0..pixels.len()).filter(|&p| p % width < until && accept(pixels[p])).collect();
    let mean = |f: &dyn Fn(usize) -> usize| {
        found.iter().map(|&p| f(p) as f64).sum::<f64>() / found.len().max(1) as f64
    };
    (mean(&|p| p % width), mean(&|p| p / width), found.len())
}

const BODY: usize = 18 + 200;

fn warm(p: [u8; 3]) -> bool {
    i32::from(p[0]) > i32::from(p[2]) + 60
}

fn cold(p: [u8; 3]) -> bool {
    i32::from(p[2]) > i32::from(p[0]) + 60
}

#[test]
fn the_right_side_of_the_head_is_on_the_right_whichever_way_i_runs() {
    for sense in [1.0, -1.0] {
        let grid = grid(sense);
        // A spot at world x = +5 mm, y = +5 mm (right, front), on slice 2.
        let i = if sense > 0.0 { 6 } else { 1 };
        let mut overlay = vec![0.0; grid.n_voxels()];
        overlay[i + 8 * (7 + 10 * 2)] = 20.0;
        let background = vec![100.0; grid.n_voxels()];
        let file = panels(&[panel(&background, &overlay)], &grid, &[Cut::K(2)]).unwrap();
        let (x, y, n) = centre(&file, BODY, warm);
        assert!(n > 100, "{n} warm pixels");
        // The cut is 16 x 20 mm, 250 pixels high: 12.5 pixels a mm, corner at (18, 76).
        assert!((x - (18.0 + 13.0 * 12.5)).abs() < 3.0, "column {x}, sense {sense}");
        assert!((y - (76.0 + 4.0 * 12.5 + 12.5)).abs() < 14.0, "row {y}, sense {sense}");
    }
}

#[test]
fn only_what_reaches_the_threshold_shows_in_the_colour_of_its_sign() {
    let grid = grid(1.0);
    let background = vec![100.0; grid.n_voxels()];
    let count = |value: f32| {
        let overlay = vec![value; grid.n_voxels()];
        let file = panels(&[panel(&background, &overlay)], &grid, &[Cut::K(3)]).unwrap();
        (centre(&file, BODY, warm).2, centre(&file, BODY, cold).2)
    };
    let whole = 200 * 250;
    for (value, warm, cold) in [(2.99, 0, 0), (3.0, 1, 0), (-3.0, 0, 1), (f32::NAN, 0, 0)] {
        let (w, c) = count(value);
        let share = |n: usize| usize::from(n * 10 > whole * 9);
        assert_eq!((share(w), share(c)), (warm, cold), "{value}: {w} warm, {c} cold of {whole}");
    }
}

#[test]
fn stronger_values_are_lighter() {
    let grid = grid(1.0);
    let background = vec![100.0; grid.n_voxels()];
    let lightness = |value: f32| {
        let overlay = vec![value; grid.n_voxels()];
        let file = panels(&[panel(&background, &overlay)], &grid, &[Cut::K(3)]).unwrap();
        let (width, pixels) = decoded(&file);
        let [r, g, b] = pixels[width * 150 + 120].map(f64::from);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    for sign in [1.0, -1.0] {
        let steps: Vec<f64> = (0..=10).map(|k| lightness(sign * (3.0 + 0.5 * k as f32))).collect();
        assert!(steps.windows(2).all(|w| w[1] > w[0] + 2.0), "{steps:?}");
    }
}

#[test]
fn panels_stand_side_by_side_and_the_same_input_gives_the_same_bytes() {
    let grid = grid(1.0);
    let n = grid.n_voxels();
    let background: Vec<f32> = (0..n).map(|v| (v % 17) as f32).collect();
    let overlay: Vec<f32> = (0..n).map(|v| (v % 13) as f32 - 6.0).collect();
    let inside: Vec<bool> = (0..n).map(|v| v % 80 == 35).collect();
    let one = Panel { outline: Some(&inside), ..panel(&background, &overlay) };
    let cuts = cuts_through(&grid, &inside);
    assert_eq!(cuts, [Cut::I(3), Cut::J(4), Cut::K(3)]);
    let single = panels(&[one], &grid, &cuts).unwrap();
    let double = panels(&[one, one], &grid, &cuts).unwrap();
    let (width, pixels) = decoded(&single);
    let (wide, both) = decoded(&double);
    let step = wide - width;
    for (row, line) in both.chunks(wide).enumerate() {
        let panel = step - 18;
        let (left, right) = (&line[18..18 + panel], &line[18 + step..18 + step + panel]);
        let alone = &pixels[row * width + 18..row * width + 18 + panel];
        assert!(left == right && left == alone, "row {row} differs between the panels");
    }
    assert_eq!(double, panels(&[one, one], &grid, &cuts).unwrap());
    let green = |p: [u8; 3]| p == [110, 235, 150];
    assert!(centre(&single, wide, green).2 > 50, "the outline shows");
}

#[test]
fn what_cannot_be_drawn_is_an_error() {
    let grid = grid(1.0);
    let map = vec![1.0; grid.n_voxels()];
    let good = panel(&map, &map);
    let cases = [
        (panels(&[], &grid, &[Cut::K(0)]), "no panel"),
        (panels(&[good], &grid, &[]), "no cut"),
        (panels(&[good], &grid, &[Cut::K(6)]), "lie within"),
        (panels(&[panel(&map[1..], &map)], &grid, &[Cut::K(0)]), "match the grid"),
        (panels(&[Panel { max: 3.0, ..good }], &grid, &[Cut::K(0)]), "threshold"),
        (panels(&[Panel { threshold: f32::NAN, ..good }], &grid, &[Cut::K(0)]), "threshold"),
    ];
    for (result, want) in cases {
        let message = result.unwrap_err().to_string();
        assert!(message.contains(want), "{message}");
    }
    // Nothing finite, nothing inside: a picture all the same.
    let nothing = vec![f32::NAN; grid.n_voxels()];
    assert!(panels(&[panel(&nothing, &nothing)], &grid, &[Cut::I(0), Cut::J(9)]).is_ok());
    assert_eq!(cuts_through(&grid, &[]), [Cut::I(4), Cut::J(5), Cut::K(3)]);
}

/// A statistic on slices.
mod statmap {
    use std::sync::Arc;

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use boldly::report::statmap::{Statmap, Threshold, Underlay, svg};
    use boldly::volume::Grid;

    use super::grid;

    /// A map of `value` but for one voxel of 8 that passes.
    fn statmap(grid: Grid, spot: usize, value: f32) -> Statmap {
        let n = grid.n_voxels();
        let mut statistic = vec![value; n];
        statistic[spot] = 8.0;
        let mut passed = vec![false; n];
        passed[spot] = true;
        Statmap {
            title: "a <contrast>".to_owned(),
            notes: vec!["of 40 subjects".to_owned()],
            grid,
            inside: vec![true; n],
            statistic: Arc::new(statistic),
            letter: "t",
            dof: "39".to_owned(),
            threshold: Threshold {
                passed,
                words: "p ≤ .05 corrected, largest statistic".to_owned(),
                from: Some(5.0),
                full: 5.0,
                two_sided: true,
            },
            underlay: None,
        }
    }

    /// Width and RGBA of the pictures inside: sagittal, coronal, axial, then others.
    fn rasters(map: &Statmap) -> Vec<(usize, Vec<[u8; 4]>)> {
        let svg = svg(map).unwrap();
        let encoded = svg.split("base64,").skip(1).map(|part| part.split('"').next().unwrap());
        let raster = |encoded: &str| {
            let file = STANDARD.decode(encoded).unwrap();
            let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
            let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
            let width = reader.next_frame(&mut bytes).unwrap().width as usize;
            (width, bytes.as_chunks().0.to_vec())
        };
        encoded.map(raster).collect()
    }

    /// Where pixels are on average that are accepted, as shares of width and height.
    fn centre((width, pixels): &(usize, Vec<[u8; 4]>), accept: fn([u8; 4]) -> bool) -> [f64; 2] {
        let found: Vec<usize> = (0..pixels.len()).filter(|&p| accept(pixels[p])).collect();
        assert!(!found.is_empty(), "no such pixel");
        let n = found.len() as f64;
        let mean = |of: &dyn Fn(usize) -> usize| {
            found.iter().map(|&p| of(p) as f64 + 0.5).sum::<f64>() / n
        };
        [
            mean(&|p| p % width) / *width as f64,
            mean(&|p| p / width) * *width as f64 / pixels.len() as f64,
        ]
    }

    fn warm(p: [u8; 4]) -> bool {
        p[3] == 255 && i32::from(p[0]) > i32::from(p[2]) + 60
    }

    fn white(p: [u8; 4]) -> bool {
        p[3] == 255 && p[..3].iter().all(|c| *c > 180)
    }

    /// A grid turned by 30 degrees about z, whose middle is 0.
    fn oblique() -> Grid {
        let (cos, sin) = (0.5 * 3_f64.sqrt(), 0.5);
        let level = grid(-1.0);
        let mut turned = level.affine;
        let [first, second, ..] = &mut turned;
        for (x, y) in first.iter_mut().zip(second) {
            (*x, *y) = (cos * *x - sin * *y, sin * *x + cos * *y);
        }
        Grid { affine: turned, ..level }
    }

    #[test]
    fn what_lies_left_in_the_world_is_drawn_left_whichever_way_the_grid_runs() {
        for grid in [grid(1.0), grid(-1.0), oblique()] {
            // The voxel nearest to x = -5, y = 5, z = 1.5 mm: left, front, up.
            let far = |v: usize| {
                let at = grid.millimetres(grid.coordinates(v));
                (0..3).map(|axis| (at[axis] - [-5.0, 5.0, 1.5][axis]).powi(2)).sum::<f64>()
            };
            let spot = (0..grid.n_voxels()).min_by(|&a, &b| far(a).total_cmp(&far(b))).unwrap();
            let at = grid.millimetres(grid.coordinates(spot));
            assert!(at[0] < -2.0 && at[1] > 2.0 && at[2] > 0.0, "{at:?}");
            let rasters = rasters(&statmap(grid.clone(), spot, 0.0));
            let [sagittal, coronal, axial] = [0, 1, 2].map(|nth| centre(&rasters[nth], warm));
            assert!(sagittal[0] < 0.45 && sagittal[1] < 0.5, "front on the left: {sagittal:?}");
            assert!(coronal[0] < 0.45 && coronal[1] < 0.5, "left on the left: {coronal:?}");
            assert!(axial[0] < 0.45 && axial[1] < 0.45, "left on the left, front up: {axial:?}");
            // Also to the millimetre, where the window is the grid and a margin of 2 mm.
            if grid.affine[0][1] == 0.0 {
                assert!((axial[0] - (at[0] + 10.0) / 20.0).abs() < 0.03, "{axial:?} for {at:?}");
            }
        }
    }

    #[test]
    fn what_passes_is_opaque_and_all_else_fades_with_its_square() {
        let grid = grid(1.0);
        let spot = 3 + 8 * (4 + 10 * 2);
        // Far from the spot, within the mask.
        let colour = |map: &Statmap| {
            let (width, pixels) = &rasters(map)[2];
            pixels[width * (pixels.len() / width / 4) + width * 3 / 4].map(f64::from)
        };
        let ground = colour(&statmap(grid.clone(), spot, 0.0));
        for value in [2.5, 4.9, -4.0] {
            let faded = statmap(grid.clone(), spot, value);
            let mut whole = faded.clone();
            whole.threshold.passed.fill(true);
            let (faded, whole) = (colour(&faded), colour(&whole));
            let share = 0.85 * (f64::from(value) / 5.0).powi(2);
            for c in 0..3 {
                let want = ground[c] + share * (whole[c] - ground[c]);
                assert!(
                    (faded[c] - want).abs() < 1.1,
                    "{value}: {faded:?}, not {want} of {whole:?}"
                );
            }
            assert_eq!(whole[0] > whole[2], value > 0.0, "warm above 0, cold below: {whole:?}");
        }
        // An underlay shows through what fades, and not through what passed.
        let mut over = statmap(grid.clone(), spot, 2.5);
        let values = (0..grid.n_voxels()).map(|v| 1.0 + (v % 2) as f32).collect();
        over.underlay = Some(Arc::new(Underlay::new("u".to_owned(), grid.clone(), values)));
        let mut whole = over.clone();
        whole.threshold.passed.fill(true);
        let without = Statmap { underlay: None, ..whole.clone() };
        assert_eq!(colour(&whole), colour(&without));
        assert_ne!(colour(&over), colour(&statmap(grid, spot, 2.5)));
    }

    #[test]
    fn an_underlay_of_another_grid_lies_where_its_millimetres_say() {
        let mut map = statmap(grid(1.0), 3 + 8 * (4 + 10 * 2), 0.0);
        // 1 mm voxels, i to the left: a bright block right of x = 3 and in front of y = 4 mm.
        let fine = Grid {
            shape: [30, 30, 30],
            affine: [
                [-1.0, 0.0, 0.0, 14.5],
                [0.0, 1.0, 0.0, -14.5],
                [0.0, 0.0, 1.0, -14.5],
                [0.0, 0.0, 0.0, 1.0],
            ],
            voxel_size_mm: [1.0; 3],
            is_placed: true,
        };
        let bright = |v: usize| {
            let [x, y, _] = fine.millimetres(fine.coordinates(v));
            if x > 3.0 && y > 4.0 { 100.0 } else { 40.0 }
        };
        let values = (0..fine.n_voxels()).map(bright).collect();
        let underlay = Underlay::new("fine".to_owned(), fine, values);
        let covered = underlay.covers(&map.grid, &map.inside).unwrap();
        assert!((covered.unwrap() - 1.0).abs() < 1e-9, "{covered:?}");
        let mut far = underlay.clone();
        far.grid.affine[2][3] = 400.0;
        assert_eq!(far.covers(&map.grid, &map.inside).unwrap(), None);
        map.underlay = Some(Arc::new(underlay));
        let [x, y] = centre(&rasters(&map)[2], white);
        assert!(x > 0.6 && y < 0.4, "{x} {y}");
    }

    #[test]
    fn letters_say_the_statistic_its_degrees_of_freedom_the_threshold_and_the_places() {
        let map = statmap(grid(1.0), 1 + 8 * (7 + 10 * 2), -3.0);
        let svg = svg(&map).unwrap();
        let letters = svg.split("<text").skip(1).filter_map(|part| part.split(['>', '<']).nth(1));
        let told = letters.collect::<Vec<_>>().join(" ");
        for part in [
            "a &lt;contrast&gt;",
            "of 40 subjects",
            "t (39 dof)",
            "8.0 0 −8.0 5.00 −5.00",
            "p ≤ .05 corrected, largest statistic (|t| ≥ 5.00); 1 voxel.",
            "x = −5 mm y = 5 mm",
            "z = −1.5 mm",
            "Left is left",
        ] {
            let whole = told.replace("mm L R", "mm").replace("L R y", "y");
            assert!(told.contains(part) || whole.contains(part), "{part}: {told}");
        }
        assert!(
            svg.contains("peak of 8.00 at (−5, 5, −1) mm") || svg.contains("at (−5, 5, −2) mm")
        );
    }

    #[test]
    fn what_cannot_be_drawn_is_an_error_and_odd_values_are_drawn() {
        let good = statmap(grid(1.0), 9, 1.0);
        let bad = |change: fn(&mut Statmap), part: &str| {
            let mut map = good.clone();
            change(&mut map);
            let error = svg(&map).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        bad(|m| m.inside.truncate(5), "match the grid");
        bad(|m| m.inside.fill(false), "no voxel");
        bad(|m| m.threshold.full = f64::INFINITY, "fades up to");
        bad(|m| m.grid.affine[0][0] = 0.0, "flat grid");
        let mut odd = good.clone();
        odd.threshold.passed.fill(false);
        let values = Arc::make_mut(&mut odd.statistic);
        (values[3], values[4], values[5]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
        let svg = svg(&odd).unwrap();
        assert!(svg.contains("≥ 20.0") && svg.contains("no voxel"), "cut at four thresholds");
    }
}
