//! Letters, lines and pixels on a sheet of SVG.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::report::colour::Colour;
use crate::report::html::escaped;
use crate::report::svg::Path;

pub(super) const INK: &str = "#1b1f24";
pub(super) const FAINT: &str = "#57606a";

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A drawing on its way. What it says of looks stands in attributes, for a page's style must not change it.
pub(super) struct Sheet {
    pub body: String,
}

impl Sheet {
    pub fn text(&mut self, [x, y]: [f64; 2], anchor: Anchor, size: f64, fill: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\" fill=\"{fill}\">{}</text>",
            escaped(text)
        );
    }

    pub fn line(&mut self, from: [f64; 2], to: [f64; 2], stroke: &str, width: f64) {
        let mut path = Path::default();
        path.line(from, to);
        self.path(path.d(), stroke, width);
    }

    /// The outline of a box.
    pub fn frame(&mut self, [x, y, width, height]: [f64; 4], stroke: &str) {
        let mut path = Path::default();
        path.bar(x, y, width, height);
        self.path(path.d(), stroke, 1.2);
    }

    /// A filled box.
    pub fn swatch(&mut self, [x, y, width, height]: [f64; 4], [r, g, b]: Colour) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width}\" height=\"{height}\" fill=\"rgb({r:.0},{g:.0},{b:.0})\"/>"
        );
    }

    pub fn path(&mut self, d: &str, stroke: &str, width: f64) {
        if !d.is_empty() {
            let _ = writeln!(
                self.body,
                "<path d=\"{d}\" stroke=\"{stroke}\" stroke-width=\"{width}\" stroke-linejoin=\"round\" fill=\"none\"/>"
            );
        }
    }

    /// A PNG stretched over a box.
    pub fn image(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], png: &[u8]) {
        let _ = writeln!(
            self.body,
            "<image x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.2}\" height=\"{height:.2}\" preserveAspectRatio=\"none\" xlink:href=\"data:image/png;base64,{}\"/>",
            STANDARD.encode(png)
        );
    }
}
