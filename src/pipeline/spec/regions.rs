//! Regions and search volumes, as the command line spells them.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::design::similar::closest;

/// Regions that a command names, and how they are taken.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RegionOptions {
    /// In the order of the command line.
    pub given: Vec<GivenRegion>,
    /// Names of the labels of images among them: a table with index and name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<PathBuf>,
    /// Cerebrospinal fluid, a mask or probabilities: what of a region is in it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csf: Option<PathBuf>,
    /// What the user says of coordinates; none: those of a template, which a run in its subject's space does not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinates: Option<Coordinates>,
    /// How far regions are moved along x, y and z to see how much hangs on their place, mm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift_mm: Option<f64>,
}

impl RegionOptions {
    /// Whether no region is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// The files that they are in: those of regions, and the names of labels.
    pub fn files_mut(&mut self) -> Vec<(super::Role, &mut PathBuf)> {
        let RegionOptions { given, names, csf, coordinates: _, shift_mm: _ } = self;
        let files = given.iter_mut().filter_map(GivenRegion::path_mut);
        let files = files.map(|path| (super::Role::Region, path));
        let names = names.iter_mut().map(|path| (super::Role::AtlasNames, path));
        files.chain(names).chain(csf.iter_mut().map(|path| (super::Role::Csf, path))).collect()
    }
}

/// Whose millimetres coordinates are, where the user says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Coordinates {
    /// Those of a template, in whose space the run is whatever its name says.
    Template,
    /// Those of the run's own space.
    Native,
}

impl FromStr for Coordinates {
    type Err = String;

    fn from_str(text: &str) -> Result<Coordinates, String> {
        match text {
            "template" => Ok(Coordinates::Template),
            "native" => Ok(Coordinates::Native),
            _ => Err("it must be template (the run is in the coordinates' template, whatever its name says) or native (they are of the run's own space)".to_owned()),
        }
    }
}

/// One region, or a file of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum GivenRegion {
    /// A name and what it is.
    Named(SearchVolume),
    /// A table of shapes (.tsv), a mask, or a labelled image.
    File(PathBuf),
}

impl GivenRegion {
    /// Its file's path, where it has one.
    pub fn path_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            GivenRegion::Named(volume) => volume.path_mut(),
            GivenRegion::File(path) => Some(path),
        }
    }

    /// Whether a file is a table of shapes: the others are images.
    #[must_use]
    pub fn is_table(path: &Path) -> bool {
        path.extension()
            .is_some_and(|e| ["tsv", "txt", "csv"].iter().any(|t| e.eq_ignore_ascii_case(t)))
    }

    /// What is given by coordinates, as messages call it.
    #[must_use]
    pub fn by_coordinates(&self) -> Option<String> {
        match self {
            GivenRegion::Named(SearchVolume { shape: Shape::Mask(_), .. }) => None,
            GivenRegion::Named(SearchVolume { name, .. }) => Some(name.clone()),
            GivenRegion::File(path) => {
                GivenRegion::is_table(path).then(|| format!("those of {}", path.display()))
            }
        }
    }
}

impl FromStr for GivenRegion {
    type Err = String;

    /// As [`SearchVolume`], or the path of a file.
    fn from_str(text: &str) -> Result<GivenRegion, String> {
        let is_named = text.contains('=') && !Path::new(text).is_file();
        match is_named {
            true => text.parse().map(GivenRegion::Named),
            false if text.is_empty() => Err("it must not be empty".to_owned()),
            false if !Path::new(text).exists() && is_shape(text) => Err(format!(
                "a shape comes with its region's name: NAME={text}; it must be {}, or a file",
                SearchVolume::FORMS
            )),
            false => Ok(GivenRegion::File(PathBuf::from(text))),
        }
    }
}

/// A part of the brain that was chosen before the data were seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchVolume {
    /// Its name.
    pub name: String,
    /// What it is.
    pub shape: Shape,
}

/// Millimetres of the maps' space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// Centre and radius.
    Sphere {
        /// x, y, z.
        centre: [f64; 3],
        /// Of its surface.
        radius: f64,
    },
    /// Centre and sides along x, y, z.
    Box {
        /// x, y, z.
        centre: [f64; 3],
        /// Whole lengths.
        sides: [f64; 3],
    },
    /// Around a segment, between two distances from it: the grey matter around an aqueduct.
    Tube {
        /// One end.
        from: [f64; 3],
        /// The other.
        to: [f64; 3],
        /// The inner and the outer distance.
        radii: [f64; 2],
    },
    /// An image: inside where it is above 0.
    Mask(PathBuf),
}

impl SearchVolume {
    /// Its mask's path, where it has one.
    pub fn path_mut(&mut self) -> Option<&mut PathBuf> {
        match &mut self.shape {
            Shape::Mask(path) => Some(path),
            _ => None,
        }
    }
}

impl Shape {
    /// Whether its lengths are above 0.
    #[must_use]
    pub fn is_there(&self) -> bool {
        match self {
            Shape::Sphere { radius, .. } => *radius > 0.0,
            Shape::Box { sides, .. } => sides.iter().all(|side| *side > 0.0),
            Shape::Tube { from, to, radii: [inner, outer] } => {
                from != to && *inner >= 0.0 && outer > inner
            }
            Shape::Mask(_) => true,
        }
    }

    /// The same elsewhere, `by` mm along x, y, z; a mask stays where it is.
    #[must_use]
    pub fn moved(&self, by: [f64; 3]) -> Shape {
        let there = |at: &[f64; 3]| std::array::from_fn(|i| at[i] + by[i]);
        match self {
            Shape::Sphere { centre, radius } => {
                Shape::Sphere { centre: there(centre), radius: *radius }
            }
            Shape::Box { centre, sides } => Shape::Box { centre: there(centre), sides: *sides },
            Shape::Tube { from, to, radii } => {
                Shape::Tube { from: there(from), to: there(to), radii: *radii }
            }
            Shape::Mask(path) => Shape::Mask(path.clone()),
        }
    }

    /// The least and the largest x, y, z that it may hold, mm; none of a mask.
    #[must_use]
    pub fn bounds(&self) -> Option<[[f64; 3]; 2]> {
        let about = |least: [f64; 3], most: [f64; 3], by: [f64; 3]| {
            let edge = |sign: f64, at: [f64; 3]| std::array::from_fn(|i| at[i] + sign * by[i]);
            Some([edge(-1.0, least), edge(1.0, most)])
        };
        match self {
            Shape::Sphere { centre, radius } => about(*centre, *centre, [*radius; 3]),
            Shape::Box { centre, sides } => about(*centre, *centre, sides.map(|side| side / 2.0)),
            Shape::Tube { from, to, radii: [_, outer] } => {
                let least = std::array::from_fn(|i| from[i].min(to[i]));
                about(least, std::array::from_fn(|i| from[i].max(to[i])), [*outer; 3])
            }
            Shape::Mask(_) => None,
        }
    }

    /// Whether a point in mm lies in it; none of a mask.
    #[must_use]
    pub fn holds(&self, at: [f64; 3]) -> bool {
        let minus = |a: [f64; 3], b: [f64; 3]| std::array::from_fn::<f64, 3, _>(|i| a[i] - b[i]);
        let dot = |a: [f64; 3], b: [f64; 3]| (0..3).map(|i| a[i] * b[i]).sum::<f64>();
        // What lies on the surface is inside, whatever the last bit says.
        let slack = 1e-9;
        match self {
            Shape::Sphere { centre, radius } => {
                let d = minus(at, *centre);
                dot(d, d).sqrt() <= radius + slack
            }
            Shape::Box { centre, sides } => {
                let d = minus(at, *centre);
                (0..3).all(|i| d[i].abs() <= sides[i] / 2.0 + slack)
            }
            Shape::Tube { from, to, radii: [inner, outer] } => {
                let (axis, d) = (minus(*to, *from), minus(at, *from));
                let along = dot(axis, d) / dot(axis, axis);
                let foot = std::array::from_fn(|i| axis[i] * along);
                let away = minus(d, foot);
                let away = dot(away, away).sqrt();
                (-slack..=1.0 + slack).contains(&along)
                    && away + slack >= *inner
                    && away <= outer + slack
            }
            Shape::Mask(_) => false,
        }
    }
}

fn numbers<const N: usize>(text: &str) -> Option<[f64; N]> {
    let all: Option<Vec<f64>> =
        text.split(',').map(|n| n.trim().parse().ok().filter(|x: &f64| x.is_finite())).collect();
    all?.try_into().ok()
}

/// Whether this is coordinates without the name of a shape, not a file's name.
fn is_numbers(text: &str) -> bool {
    let of_numbers = |c: char| c.is_ascii_digit() || ".,:+- ".contains(c);
    text.contains(',') && text.chars().all(of_numbers)
}

/// Shapes that are given by coordinates.
const SHAPES: [&str; 3] = ["sphere", "box", "tube"];
/// What others call them.
const OTHERWISE: [(&str, &str); 6] = [
    ("ball", "sphere"),
    ("cube", "box"),
    ("cuboid", "box"),
    ("cylinder", "tube"),
    ("ring", "tube"),
    ("coords", "sphere"),
];

/// The word before coordinates, where this is a shape and no file's name: `cube:1,2,3:4`.
fn word_of_shape(text: &str) -> Option<&str> {
    let (word, rest) = text.split_once(':')?;
    (word.chars().all(char::is_alphabetic) && is_numbers(rest)).then_some(word)
}

/// Whether this is coordinates, with the name of a shape or without.
fn is_shape(text: &str) -> bool {
    is_numbers(text) || word_of_shape(text).is_some()
}

/// What there is in place of a shape that there is not.
fn no_shape(word: &str) -> String {
    let lower = word.to_lowercase();
    let other = OTHERWISE.iter().find(|(name, _)| *name == lower).map(|(_, shape)| *shape);
    let names = SHAPES.map(str::to_owned);
    let near = other.or_else(|| closest(word, &names)).map(|near| format!(" (is {near} meant?)"));
    format!("'{word}' is no shape{}; it must be {}", near.unwrap_or_default(), SearchVolume::FORMS)
}

impl SearchVolume {
    /// Its spellings.
    pub const FORMS: &str = "name=sphere:x,y,z:r, name=box:x,y,z:a,b,c, name=tube:x,y,z:x,y,z:inner,outer (mm) or name=MASK";
}

impl FromStr for SearchVolume {
    type Err = String;

    /// `name=sphere:x,y,z:r`, `name=box:x,y,z:a,b,c`, `name=tube:x,y,z:x,y,z:inner,outer`, or `name=MASK`.
    fn from_str(text: &str) -> Result<SearchVolume, String> {
        let wrong = || format!("it must be {}", SearchVolume::FORMS);
        let (name, what) = text.split_once('=').ok_or_else(wrong)?;
        let is_name =
            name.chars().any(char::is_alphanumeric) && !name.chars().any(char::is_control);
        if !is_name || what.is_empty() {
            return Err(wrong());
        }
        // It becomes a part of names of files.
        if !name.chars().any(|c| c.is_ascii_alphanumeric()) {
            return Err(format!(
                "'{name}' has no letter of a to z and no digit, which a name must have"
            ));
        }
        Ok(SearchVolume { name: name.trim().to_owned(), shape: what.parse()? })
    }
}

impl FromStr for Shape {
    type Err = String;

    /// What stands behind the `=` of a [`SearchVolume`].
    fn from_str(what: &str) -> Result<Shape, String> {
        let wrong = || format!("it must be {}", SearchVolume::FORMS);
        let parts: Vec<&str> = what.split(':').collect();
        let shape = match parts.as_slice() {
            ["sphere", centre, radius] => {
                let (centre, [radius]) = numbers(centre).zip(numbers(radius)).ok_or_else(wrong)?;
                Shape::Sphere { centre, radius }
            }
            ["sphere", all] => {
                let [x, y, z, radius] = numbers(all).ok_or_else(wrong)?;
                Shape::Sphere { centre: [x, y, z], radius }
            }
            ["box", centre, sides] => {
                let (centre, sides) = numbers(centre).zip(numbers(sides)).ok_or_else(wrong)?;
                Shape::Box { centre, sides }
            }
            ["tube", from, to, radii] => {
                let ends = numbers(from).zip(numbers(to));
                let ((from, to), radii) = ends.zip(numbers(radii)).ok_or_else(wrong)?;
                Shape::Tube { from, to, radii }
            }
            ["sphere" | "box" | "tube", ..] => return Err(wrong()),
            _ if is_numbers(what) => return Err(wrong()),
            [word, ..] if word_of_shape(what).is_some() && !Path::new(what).exists() => {
                return Err(no_shape(word));
            }
            _ => Shape::Mask(PathBuf::from(what)),
        };
        if !shape.is_there() {
            return Err(
                "it must have lengths above 0, and an outer radius beyond the inner one".to_owned()
            );
        }
        Ok(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_spelled_in_four_ways() {
        let of = |text: &str| text.parse::<SearchVolume>().map(|volume| volume.shape);
        let sphere = Shape::Sphere { centre: [1.0, -2.0, 3.5], radius: 6.0 };
        assert_eq!(of("a=sphere:1,-2,3.5:6"), Ok(sphere.clone()));
        assert_eq!(of("a=sphere:1,-2,3.5,6"), Ok(sphere.clone()));
        assert!(sphere.holds([1.0, -2.0, 9.5]) && !sphere.holds([1.0, -2.0, 9.6]));
        let Ok(tube) = of("pag=tube:0,-31,-8:0,-36,-16:1.25,3") else { panic!("no tube") };
        // On the axis is the aqueduct; beside it grey matter; beyond the ends nothing.
        assert!(!tube.holds([0.0, -33.5, -12.0]) && tube.holds([2.0, -33.5, -12.0]));
        assert!(!tube.holds([3.1, -33.5, -12.0]) && !tube.holds([2.0, -29.0, -4.0]));
        let Ok(cuboid) = of("b=box:0,0,0:2,4,6") else { panic!("no box") };
        assert!(cuboid.holds([1.0, 2.0, -3.0]) && !cuboid.holds([1.1, 0.0, 0.0]));
        assert_eq!(of("c=masks/c.nii"), Ok(Shape::Mask("masks/c.nii".into())));
        for wrong in [
            "x",
            "=sphere:0,0,0:1",
            "a=sphere:0,0:1",
            "a=sphere:0,0,0:0",
            "a=box:1,2,3",
            "a=0,-52,26:6",
            "a=cube:0,0,0:4",
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
        for (text, part) in [
            ("sphere:0,-20,10:9", "a shape comes with its region's name: NAME=sphere:0,-20,10:9"),
            ("0,-20,10:9", "a shape comes with its region's name"),
            ("a=cube:0,0,0:4", "'cube' is no shape (is box meant?); it must be name=sphere"),
            ("a=Sphere:0,0,0:4", "'Sphere' is no shape (is sphere meant?)"),
            ("a=spere:0,0,0:4", "is sphere meant?"),
            ("a=grid:0,0,0:4", "'grid' is no shape; it must be"),
        ] {
            let said = text.parse::<GivenRegion>().err().unwrap_or_default();
            assert!(said.contains(part), "{text}: {said}");
        }
        assert_eq!(
            "masks/c.nii".parse::<GivenRegion>(),
            Ok(GivenRegion::File("masks/c.nii".into()))
        );
        assert!(of("a=tube:0,0,0:0,0,0:1,2").is_err() && of("a=tube:0,0,0:0,0,1:3,2").is_err());
    }
}
