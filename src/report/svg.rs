//! Drawings as SVG text. Coordinates are pixels of the drawing's own box, written to a tenth; nothing that is not finite
//! is ever written. Every drawing carries a title and a description for those who do not see it.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::html::escaped;
use super::letters::Lines;

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A rectangle of the drawing that holds data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plot {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Plot {
    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// Values onto the width, rising to the right.
    pub fn across(&self, from: f64, to: f64) -> Scale {
        Scale { from, to, begin: self.left, end: self.right() }
    }

    /// Values onto the height, rising upwards.
    pub fn up(&self, from: f64, to: f64) -> Scale {
        Scale { from, to, begin: self.bottom(), end: self.top }
    }
}

/// Fewer values along an axis than this do not show its scale.
const FEW: usize = 3;

/// Values onto pixels, along a straight line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub from: f64,
    pub to: f64,
    begin: f64,
    end: f64,
}

impl Scale {
    pub fn at(&self, value: f64) -> f64 {
        let span = self.to - self.from;
        if span == 0.0 {
            return 0.5 * (self.begin + self.end);
        }
        self.begin + (value - self.from) / span * (self.end - self.begin)
    }

    /// As [`Scale::at`], but never beyond the plot.
    pub fn within(&self, value: f64) -> f64 {
        self.at(value.clamp(self.from.min(self.to), self.from.max(self.to)))
    }

    /// Round values within the scale, at most `most`; one or two more where that leaves fewer than three.
    pub fn ticks(&self, most: usize) -> Ticks {
        let (low, high) = (self.from.min(self.to), self.from.max(self.to));
        let rough = (high - low) / most.max(1) as f64;
        if !(rough.is_finite() && rough > 0.0) {
            return Ticks { values: Vec::new(), decimals: 0 };
        }
        let power = 10_f64.powf(rough.log10().floor());
        let steps = [0.5, 1.0, 2.0, 5.0, 10.0].map(|m| m * power);
        let fits = steps.iter().position(|s| *s >= 0.999 * rough).unwrap_or(steps.len() - 1);
        let within = |step: f64| {
            let first = (low / step - 1e-9).ceil();
            let n = ((high / step + 1e-9).floor() - first).clamp(-1.0, 1000.0) as i64;
            let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
            Ticks { values: (0..=n).map(|k| (first + k as f64) * step).collect(), decimals }
        };
        let ticks = within(steps[fits]);
        let finer = within(steps[fits.saturating_sub(1)]);
        if ticks.values.len() < FEW && finer.values.len() <= most.max(FEW) + 2 {
            finer
        } else {
            ticks
        }
    }
}

/// Round values along an axis.
pub(super) struct Ticks {
    pub values: Vec<f64>,
    pub decimals: usize,
}

impl Ticks {
    /// Each value with its label.
    pub fn labelled(&self) -> impl Iterator<Item = (f64, String)> + '_ {
        self.values.iter().map(|&v| (v, super::html::number(v, self.decimals)))
    }
}

/// A path: pieces of straight lines.
#[derive(Default)]
pub(super) struct Path {
    d: String,
    /// In tenths, what was written last; none where the next point begins a new piece.
    at: Option<[i64; 2]>,
}

impl Path {
    /// Goes on to a point, or begins there; a point that is not finite ends the piece.
    pub fn to(&mut self, x: f64, y: f64) {
        let Some(next) = tenths(x, y) else {
            self.at = None;
            return;
        };
        match self.at {
            Some(last) => {
                let step = [next[0] - last[0], next[1] - last[1]];
                if step == [0, 0] {
                    return;
                }
                self.pair('l', step);
            }
            None => self.pair('M', next),
        }
        self.at = Some(next);
    }

    /// Ends the piece.
    pub fn lift(&mut self) {
        self.at = None;
    }

    /// One line by itself.
    pub fn line(&mut self, from: [f64; 2], to: [f64; 2]) {
        self.lift();
        self.to(from[0], from[1]);
        self.to(to[0], to[1]);
        self.lift();
    }

    /// A dot: a line of no length, which a round cap makes visible.
    pub fn dot(&mut self, x: f64, y: f64) {
        self.lift();
        if let Some(at) = tenths(x, y) {
            self.pair('M', at);
            self.d.push_str("h0");
        }
    }

    /// A closed outline.
    pub fn polygon(&mut self, corners: &[[f64; 2]]) {
        self.lift();
        let before = self.d.len();
        corners.iter().for_each(|&[x, y]| self.to(x, y));
        if self.d.len() > before {
            self.d.push('z');
        }
        self.lift();
    }

    /// A filled box.
    pub fn bar(&mut self, x: f64, y: f64, width: f64, height: f64) {
        self.polygon(&[[x, y], [x + width, y], [x + width, y + height], [x, y + height]]);
    }

    /// As the attribute `d` has it.
    pub fn d(&self) -> &str {
        &self.d
    }

    pub fn is_empty(&self) -> bool {
        self.d.is_empty()
    }

    fn pair(&mut self, letter: char, [x, y]: [i64; 2]) {
        self.d.push(letter);
        tenth(&mut self.d, x);
        if y >= 0 {
            self.d.push(' ');
        }
        tenth(&mut self.d, y);
    }
}

fn tenths(x: f64, y: f64) -> Option<[i64; 2]> {
    let whole = |v: f64| {
        // The cast cuts off the rest, and is one instruction where rounding is a call.
        (v.is_finite() && v.abs() < 1e7).then(|| (10.0 * v + 0.5_f64.copysign(v)) as i64)
    };
    Some([whole(x)?, whole(y)?])
}

/// Tenths as a decimal number in as few letters as SVG takes.
fn tenth(out: &mut String, value: i64) {
    if value < 0 {
        out.push('-');
    }
    let (whole, rest) = (value.unsigned_abs() / 10, value.unsigned_abs() % 10);
    if (1..10).contains(&whole) || (whole == 0 && rest == 0) {
        out.push(char::from(b'0' + whole as u8));
    } else if whole > 0 {
        // Writing to a String cannot fail.
        let _ = write!(out, "{whole}");
    }
    if rest > 0 {
        out.push('.');
        out.push(char::from(b'0' + rest as u8));
    }
}

/// A drawing on its way.
pub(super) struct Svg {
    width: f64,
    height: f64,
    body: String,
}

impl Svg {
    pub fn new(width: f64, height: f64) -> Svg {
        Svg { width, height, body: String::new() }
    }

    /// The height of a drawing that is known only when it is done.
    pub fn set_height(&mut self, height: f64) {
        self.height = height;
    }

    /// A path of a class of the style sheet; an empty one is left out.
    pub fn path(&mut self, class: &str, path: &Path) {
        if !path.is_empty() {
            let _ = write!(self.body, "<path class=\"{class}\" d=\"{}\"/>", path.d);
        }
    }

    /// A path of a colour of its own, such as `#ff0000`, whatever the style sheet says; an empty one is left out.
    pub fn coloured(&mut self, fill: &str, path: &Path) {
        if !path.is_empty() {
            let _ = write!(self.body, "<path style=\"fill:{fill}\" d=\"{}\"/>", path.d);
        }
    }

    /// A PNG whose pixels stay squares.
    pub fn png(&mut self, [x, y, width, height]: [f64; 4], png: &[u8]) {
        let png = STANDARD.encode(png);
        let _ = write!(
            self.body,
            "<image x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" preserveAspectRatio=\"none\" \
             style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{png}\"/>"
        );
    }

    pub fn text(&mut self, class: &str, at: [f64; 2], anchor: Anchor, text: &str) {
        let Some([x, y]) = tenths(at[0], at[1]) else { return };
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.body.push_str("<text x=\"");
        tenth(&mut self.body, x);
        self.body.push_str("\" y=\"");
        tenth(&mut self.body, y);
        let _ = write!(
            self.body,
            "\" class=\"{class}\" text-anchor=\"{anchor}\">{}</text>",
            escaped(text)
        );
    }

    /// A name on its lines, each `step` below the one before it.
    pub fn lines(&mut self, class: &str, [x, y]: [f64; 2], anchor: Anchor, of: (&Lines, f64)) {
        let (name, step) = of;
        let before = std::mem::take(&mut self.body);
        for (nth, line) in name.lines.iter().enumerate() {
            self.text(class, [x, y + step * nth as f64], anchor, line);
        }
        self.body = before + &name.titled(&self.body);
    }

    /// The same upwards, each line `step` to the right of the one before it.
    pub fn lines_upwards(&mut self, class: &str, [x, y]: [f64; 2], (name, step): (&Lines, f64)) {
        let before = std::mem::take(&mut self.body);
        for (nth, line) in name.lines.iter().enumerate() {
            self.upwards(class, [x + step * nth as f64, y], line);
        }
        self.body = before + &name.titled(&self.body);
    }

    /// A text that runs upwards from its point.
    pub fn upwards(&mut self, class: &str, at: [f64; 2], text: &str) {
        let Some([x, y]) = tenths(at[0], at[1]) else { return };
        self.body.push_str("<text transform=\"translate(");
        tenth(&mut self.body, x);
        self.body.push(' ');
        tenth(&mut self.body, y);
        // Writing to a String cannot fail.
        let _ = write!(self.body, ") rotate(-90)\" class=\"{class}\">{}</text>", escaped(text));
    }

    /// The line below a plot, its ticks, their values and what it is with its unit.
    pub fn x_axis(&mut self, plot: &Plot, scale: &Scale, ticks: &Ticks, label: &str) {
        let bottom = plot.bottom();
        let mut lines = Path::default();
        lines.line([plot.left, bottom], [plot.right(), bottom]);
        for (value, text) in ticks.labelled() {
            let x = scale.at(value);
            lines.line([x, bottom], [x, bottom + 4.0]);
            self.text("tick", [x, bottom + 16.0], Anchor::Middle, &text);
        }
        self.path("axis", &lines);
        if !label.is_empty() {
            let at = [plot.left + 0.5 * plot.width, bottom + 32.0];
            self.text("label", at, Anchor::Middle, label);
        }
    }

    /// The line left of a plot, its ticks, their values and a faint line across at each; the label stands above.
    pub fn y_axis(&mut self, plot: &Plot, scale: &Scale, ticks: &Ticks, label: &str) {
        let (mut lines, mut grid) = (Path::default(), Path::default());
        lines.line([plot.left, plot.top], [plot.left, plot.bottom()]);
        for (value, text) in ticks.labelled() {
            let y = scale.at(value);
            lines.line([plot.left - 4.0, y], [plot.left, y]);
            grid.line([plot.left, y], [plot.right(), y]);
            self.text("tick", [plot.left - 7.0, y + 4.0], Anchor::End, &text);
        }
        self.path("grid", &grid);
        self.path("axis", &lines);
        self.text("label", [0.0, plot.top - 10.0], Anchor::Start, label);
    }

    /// The element. `id`: unique on the page.
    pub fn finish(self, id: &str, title: &str, description: &str) -> String {
        let (w, h) = (self.width, self.height);
        format!(
            "<svg id=\"{id}\" role=\"img\" viewBox=\"0 0 {w:.0} {h:.0}\" aria-labelledby=\"{id}-title {id}-desc\">\
             <title id=\"{id}-title\">{}</title><desc id=\"{id}-desc\">{}</desc>{}</svg>\n",
            escaped(title),
            escaped(description),
            self.body
        )
    }
}
