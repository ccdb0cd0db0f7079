//! A small matrix whose rows and columns have names: what contrasts weigh, the design of a group. Orange above 0, blue below; the number stands in a cell that it
//! fits in. Names that are long go on to a second line, where a cell is high enough for two.

use super::letters::{self, Lines};
use super::svg::{Anchor, Path, Svg};

/// What is drawn.
pub(super) struct Cells {
    /// Of the columns, from left to right.
    pub columns: Vec<String>,
    /// Names of the rows from top to bottom, each with its cells.
    pub rows: Vec<(String, Vec<Cell>)>,
    /// Pixels of a row.
    pub row_height: f64,
}

/// A cell: from -1 to 1, and its number in short.
#[derive(Clone)]
pub(super) struct Cell {
    pub strength: f64,
    pub number: String,
}

/// Pixels of a column at least, of all columns where numbers make them wider, of a name at most, of letters and of a line of them.
const COLUMN: f64 = 26.0;
const WIDE: f64 = 640.0;
const NAME: f64 = 210.0;
const SIZE: f64 = 11.0;
const LINE: f64 = 12.0;
/// Pixels of the letters in a cell, and letters that fit in.
const NUMBER: f64 = 9.5;

impl Cells {
    /// Pixels of a column: as wide as the longest number wants it, where so many columns have the room.
    fn column(&self) -> f64 {
        let numbers = self.rows.iter().flat_map(|(_, cells)| cells).map(|cell| &cell.number);
        let wide = numbers.map(|text| letters::width(text, NUMBER) + 4.0).fold(COLUMN, f64::max);
        if wide * self.columns.len() as f64 <= WIDE { wide } else { COLUMN }
    }

    /// The drawing and how wide it is. `said`: its id, its title and what it shows in words.
    pub fn drawn(&self, (id, title, said): (&str, &str, &str)) -> (String, f64) {
        let column = self.column();
        let n_lines = |room: f64| if room >= 2.0 * LINE { 2 } else { 1 };
        let named = |name: &String, room: f64| letters::lines(name, (NAME, SIZE), n_lines(room));
        let columns: Vec<Lines> = self.columns.iter().map(|name| named(name, COLUMN)).collect();
        let rows: Vec<Lines> =
            self.rows.iter().map(|(name, _)| named(name, self.row_height)).collect();
        let longest = |all: &[Lines]| all.iter().map(|own| own.width(SIZE)).fold(0.0, f64::max);
        let (left, top) = (longest(&rows) + 12.0, longest(&columns) + 12.0);
        let (width, height) =
            (column * columns.len() as f64, self.row_height * self.rows.len() as f64);
        let mut svg = Svg::new(left + width + 2.0, top + height + 2.0);
        // The middle of a name's lines lies in the middle of its row or column.
        let first = |lines: &Lines| 4.0 - 0.5 * LINE * (lines.lines.len() - 1) as f64;
        for (nth, name) in columns.iter().enumerate() {
            let x = left + column * (nth as f64 + 0.5) + first(name);
            svg.lines_upwards("tick", [x, top - 6.0], (name, LINE));
        }
        for (nth, (name, (_, cells))) in rows.iter().zip(&self.rows).enumerate() {
            let y = top + self.row_height * nth as f64;
            let middle = y + 0.5 * self.row_height;
            svg.lines("tick", [left - 8.0, middle + first(name)], Anchor::End, (name, LINE));
            for (at, cell) in cells.iter().enumerate() {
                let corner = [left + column * at as f64, y];
                cell.draw(&mut svg, corner, [column, self.row_height]);
            }
        }
        (svg.finish(id, title, said), left + width + 2.0)
    }
}

impl Cell {
    fn draw(&self, svg: &mut Svg, [x, y]: [f64; 2], [width, height]: [f64; 2]) {
        let mut cell = Path::default();
        cell.bar(x + 1.0, y + 1.0, width - 2.0, height - 2.0);
        let level = (5.0 * self.strength.abs().min(1.0)).ceil() as usize;
        let class = match (level, self.strength > 0.0) {
            (0, _) => "weight-0".to_owned(),
            (level, true) => format!("plus-{level}"),
            (level, false) => format!("minus-{level}"),
        };
        svg.path(&class, &cell);
        if !self.number.is_empty() && letters::width(&self.number, NUMBER) <= width - 2.0 {
            let class = match level {
                0 => "cell",
                1..=3 => "cell dark",
                _ => "cell light",
            };
            let at = [x + 0.5 * width, y + 0.5 * height + 3.5];
            svg.text(class, at, Anchor::Middle, &self.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_in_their_cells_where_there_is_room_for_all() {
        let cells = |columns: usize| {
            let cell = |number: &str| Cell { strength: 0.5, number: number.to_owned() };
            let row = ["8.17", "\u{2212}10.83", "\u{2212}2.83"].map(|number| {
                (String::new(), (0..columns).map(|_| cell(number)).collect::<Vec<_>>())
            });
            let columns = vec!["age".to_owned(); columns];
            Cells { columns, rows: row.to_vec(), row_height: 20.0 }
        };
        let (drawing, _) = cells(1).drawn(("id", "title", "said"));
        for number in ["8.17", "10.83", "2.83"] {
            assert!(drawing.contains(number), "{number}: {drawing}");
        }
        // Of more columns than have the room each is as narrow as ever.
        assert_eq!(cells(40).column(), COLUMN);
    }
}
