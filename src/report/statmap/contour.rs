//! Where a field on a lattice crosses one half: marching squares, the pieces joined into closed outlines.

use crate::report::svg::Path;

const LEVEL: f32 = 0.5;

/// A lattice of values, 0 all around it.
struct Field<'a> {
    values: &'a [f32],
    size: [usize; 2],
    /// Of the lattice with its border.
    padded: [usize; 2],
}

impl Field<'_> {
    fn at(&self, x: usize, y: usize) -> f32 {
        let [w, h] = self.size;
        let within = (1..=w).contains(&x) && (1..=h).contains(&y);
        if within { self.values[x - 1 + w * (y - 1)] } else { 0.0 }
    }

    /// The edge from a point to the right (0) or down (1).
    fn edge(&self, x: usize, y: usize, down: usize) -> usize {
        2 * (x + self.padded[0] * y) + down
    }

    /// Where an edge is crossed, in steps of the lattice from its first value.
    fn crossing(&self, edge: usize) -> [f64; 2] {
        let (point, down) = (edge / 2, edge % 2);
        let [x, y] = [point % self.padded[0], point / self.padded[0]];
        let (from, to) = (self.at(x, y), self.at(x + 1 - down, y + down));
        let part = f64::from((LEVEL - from) / (to - from));
        let [x, y] = [x as f64 - 1.0, y as f64 - 1.0];
        if down == 1 { [x, y + part] } else { [x + part, y] }
    }
}

/// The outlines of what is at least one half, `[row][column]` of `size` columns and rows; `place`: where a point of the lattice lies in the drawing.
pub(super) fn outline(
    values: &[f32],
    size: [usize; 2],
    place: impl Fn([f64; 2]) -> [f64; 2],
) -> Path {
    let padded = size.map(|n| n + 2);
    let field = Field { values, size, padded };
    // From each edge that is crossed to the next: around a cell clockwise, from where the inside is left to where it is entered again. The first edge
    // lies on the border, which nothing crosses: 0 is none.
    let mut next: Vec<u32> = vec![0; 2 * padded[0] * padded[1]];
    let mut crossed = Vec::new();
    let line = |y: usize| {
        let mut inside = vec![false; padded[0]];
        if (1..=size[1]).contains(&y) {
            let values = &values[size[0] * (y - 1)..][..size[0]];
            inside[1..].iter_mut().zip(values).for_each(|(inside, &v)| *inside = v >= LEVEL);
        }
        inside
    };
    let mut upper = line(0);
    for y in 0..padded[1] - 1 {
        let lower = line(y + 1);
        for x in 0..padded[0] - 1 {
            let inside = [upper[x], upper[x + 1], lower[x + 1], lower[x]];
            if inside.iter().all(|&corner| corner == inside[0]) {
                continue;
            }
            let edges = [
                field.edge(x, y, 0),
                field.edge(x + 1, y, 1),
                field.edge(x, y + 1, 0),
                field.edge(x, y, 1),
            ];
            for side in 0..4 {
                if inside[side] && !inside[(side + 1) % 4] {
                    let enters = |s: &usize| !inside[s % 4] && inside[(s + 1) % 4];
                    let other = (side + 1..side + 4).find(enters).unwrap_or(side) % 4;
                    next[edges[side]] = edges[other] as u32;
                    crossed.push(edges[side]);
                }
            }
        }
        upper = lower;
    }
    crossed.sort_unstable();
    let mut path = Path::default();
    for start in crossed {
        let mut corners = Vec::new();
        let mut edge = start;
        while next[edge] != 0 {
            corners.push(place(field.crossing(edge)));
            edge = std::mem::take(&mut next[edge]) as usize;
        }
        if !corners.is_empty() {
            path.polygon(&corners);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_is_closed_and_runs_halfway_between_inside_and_outside() {
        #[rustfmt::skip]
        let ring = [
            1.0, 1.0, 1.0,
            1.0, 0.0, 1.0,
            1.0, 1.0, 1.0,
        ];
        let path = outline(&ring, [3, 3], |[x, y]| [10.0 * x, 10.0 * y]);
        // Around it from the first corner on, and around the hole.
        assert_eq!(path.d().matches('M').count(), 2, "{}", path.d());
        assert_eq!(path.d().matches('z').count(), 2);
        let one = outline(&[1.0], [1, 1], |[x, y]| [10.0 * x, 10.0 * y]);
        assert_eq!(one.d(), "M0-5l5 5l-5 5l-5-5z");
        assert!(outline(&[0.4; 4], [2, 2], |at| at).is_empty());
        // Two corners that touch are two or one, and closed either way.
        let saddle = outline(&[1.0, 0.0, 0.0, 1.0], [2, 2], |at| at);
        assert_eq!(saddle.d().matches('M').count(), saddle.d().matches('z').count());
    }
}
