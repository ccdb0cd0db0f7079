//! Search volumes for small-volume correction, as the command line spells them.

use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

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

impl FromStr for SearchVolume {
    type Err = String;

    /// `name=sphere:x,y,z:r`, `name=box:x,y,z:a,b,c`, `name=tube:x,y,z:x,y,z:inner,outer`, or `name=MASK`.
    fn from_str(text: &str) -> Result<SearchVolume, String> {
        let wrong = || {
            "it must be name=sphere:x,y,z:r, name=box:x,y,z:a,b,c, name=tube:x,y,z:x,y,z:inner,outer (mm) or name=MASK"
                .to_owned()
        };
        let (name, what) = text.split_once('=').ok_or_else(wrong)?;
        if !name.chars().any(|c| c.is_ascii_alphanumeric()) || what.is_empty() {
            return Err(wrong());
        }
        let parts: Vec<&str> = what.split(':').collect();
        let shape = match parts.as_slice() {
            ["sphere", centre, radius] => {
                let (centre, [radius]) = numbers(centre).zip(numbers(radius)).ok_or_else(wrong)?;
                Shape::Sphere { centre, radius }
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
            _ => Shape::Mask(PathBuf::from(what)),
        };
        let is_there = match &shape {
            Shape::Sphere { radius, .. } => *radius > 0.0,
            Shape::Box { sides, .. } => sides.iter().all(|side| *side > 0.0),
            Shape::Tube { from, to, radii: [inner, outer] } => {
                from != to && *inner >= 0.0 && outer > inner
            }
            Shape::Mask(_) => true,
        };
        if !is_there {
            return Err(
                "it must have lengths above 0, and an outer radius beyond the inner one".to_owned()
            );
        }
        Ok(SearchVolume { name: name.trim().to_owned(), shape })
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
        assert!(sphere.holds([1.0, -2.0, 9.5]) && !sphere.holds([1.0, -2.0, 9.6]));
        let Ok(tube) = of("pag=tube:0,-31,-8:0,-36,-16:1.25,3") else { panic!("no tube") };
        // On the axis is the aqueduct; beside it grey matter; beyond the ends nothing.
        assert!(!tube.holds([0.0, -33.5, -12.0]) && tube.holds([2.0, -33.5, -12.0]));
        assert!(!tube.holds([3.1, -33.5, -12.0]) && !tube.holds([2.0, -29.0, -4.0]));
        let Ok(cuboid) = of("b=box:0,0,0:2,4,6") else { panic!("no box") };
        assert!(cuboid.holds([1.0, 2.0, -3.0]) && !cuboid.holds([1.1, 0.0, 0.0]));
        assert_eq!(of("c=masks/c.nii"), Ok(Shape::Mask("masks/c.nii".into())));
        for wrong in ["x", "=sphere:0,0,0:1", "a=sphere:0,0:1", "a=sphere:0,0,0:0", "a=box:1,2,3"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
        assert!(of("a=tube:0,0,0:0,0,0:1,2").is_err() && of("a=tube:0,0,0:0,0,1:3,2").is_err());
    }
}
