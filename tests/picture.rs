//! The picture of slices: where things lie, what colours mean, and what cannot be drawn.

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
