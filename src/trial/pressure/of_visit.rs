//! Each participant's visit.

use std::collections::BTreeMap;

use super::units;
use crate::error::{Error, Result};
use crate::stats::fieller::Line;
use crate::stats::isotonic::{isotonic, mean_height, means_at, reached};
use crate::trial::better::Better;
use crate::trial::dictionary::{Direction, Variable};
use crate::trial::people::People;
use crate::trial::plan::{Column, Plan, PressurePlan};
use crate::trial::repeated::Repeated;
use crate::trial::results::{Estimate, PressureOfVisit};
use crate::trial::tables::{Measured, Tables};
use crate::trial::visits::Visits;

/// What is made of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trial) enum Measure {
    P50,
    Slope,
    Auc,
}

impl Measure {
    pub const ALL: [Measure; 3] = [Measure::P50, Measure::Slope, Measure::Auc];

    /// As a relation calls it: `pressure:p50`.
    pub fn name(self) -> &'static str {
        match self {
            Measure::P50 => "p50",
            Measure::Slope => "slope",
            Measure::Auc => "auc",
        }
    }

    fn label(self, target: f64) -> String {
        match self {
            Measure::P50 => format!("P{target} (pressure rated {target})"),
            Measure::Slope => "slope of rating on pressure".to_owned(),
            Measure::Auc => "area below the ratings (mean rating over the tested range)".to_owned(),
        }
    }

    /// Which way is better where `rating` is of the ratings.
    fn direction(self, rating: Direction) -> Option<Direction> {
        match self {
            Measure::P50 => Some(rating.turned()),
            Measure::Slope => None,
            Measure::Auc => Some(rating),
        }
    }
}

/// A visit's stimuli that have a rating.
pub(super) struct Own {
    pub pressures: Vec<f64>,
    pub ratings: Vec<f64>,
    /// The series of each; empty where the table has none.
    pub series: Vec<String>,
    pub line: Line,
    pub rated: Rated,
    isotonic: Vec<f64>,
}

/// A visit's distinct pressures that have a rating, rising, with the mean rating at each.
pub(super) struct Rated {
    pub levels: Vec<f64>,
    pub means: Vec<f64>,
}

impl Rated {
    /// The mean rating at a pressure.
    pub fn at(&self, pressure: f64) -> Option<f64> {
        self.levels.iter().position(|level| *level == pressure).map(|at| self.means[at])
    }
}

impl Own {
    /// The pressure of the target rating; none where ratings do not rise.
    fn reached(&self, target: f64, conf: f64) -> Option<(Estimate, f64)> {
        reached_by(&self.line, target, conf)
    }

    fn auc(&self) -> Option<f64> {
        mean_height(&self.rated.levels, &self.rated.means)
    }

    fn range(&self) -> [f64; 2] {
        let levels = &self.rated.levels;
        [levels[0], levels[levels.len() - 1]]
    }
}

/// Where a rising line is the target, with Fieller's limits and g.
pub(super) fn reached_by(line: &Line, target: f64, conf: f64) -> Option<(Estimate, f64)> {
    let found = line.x_at(target, conf).filter(|_| line.slope > 0.0)?;
    let (low, high) = found.limits.unzip();
    Some((Estimate { value: found.x, se: None, low, high }, found.g))
}

/// The table, sorted.
pub(super) struct Found<'a> {
    pub repeated: Repeated<'a>,
    pub target: f64,
    conf: f64,
    /// By place in `People::all` and in the sessions.
    pub of: BTreeMap<(usize, usize), Own>,
    /// The same of visits that have ratings and no line.
    unlined: BTreeMap<(usize, usize), Rated>,
    /// Visits, as they are said: "sub-01 (ses-baseline)".
    pub without_line: Vec<String>,
    pub lacking: Vec<String>,
    pub of_other_range: Vec<String>,
    /// Visits with another number of stimuli than most, and that number.
    pub of_other_number: (Vec<String>, usize),
    /// Of the ratings, where the dictionary does not say.
    pub assumed_scale: Option<[f64; 2]>,
    scale: [f64; 2],
    /// The least and the greatest rating.
    pub rated: [f64; 2],
    /// Of pressure and rating.
    pub units: (Option<String>, Option<String>),
    /// Of pressure and rating.
    columns: [String; 2],
    /// Which ratings are better.
    pub better: Better,
}

impl<'a> Found<'a> {
    pub fn read(
        own: &PressurePlan,
        conf: f64,
        people: &People,
        tables: &'a Tables,
    ) -> Result<Found<'a>> {
        let table = tables.get(&own.table)?;
        table.position_of(&own.pressure, ("pressure", "pressure"))?;
        table.position_of(&own.rating, ("pressure", "rating"))?;
        let pressures = pressures(table, own)?;
        let ratings = table.numbers_on(&own.rating, "a rating", [0.0, 100.0])?;
        table.refuse_case_alone("series", &["series"])?;
        let series = table.optional_names("series")?;
        let repeated = Repeated::new(table, people)?;
        repeated.refuse_twice(&["repetition", own.pressure.as_str(), "series"])?;
        let rated = ratings
            .iter()
            .flatten()
            .fold([f64::INFINITY, f64::NEG_INFINITY], |[l, h], r| [l.min(*r), h.max(*r)]);
        let (scale, assumed_scale) = scale(table, own, rated)?;
        let units = units::of(own, table)?;
        let mut found = Found {
            target: own.target,
            conf,
            of: BTreeMap::new(),
            unlined: BTreeMap::new(),
            without_line: Vec::new(),
            lacking: Vec::new(),
            of_other_range: Vec::new(),
            of_other_number: (Vec::new(), 0),
            assumed_scale,
            scale,
            rated,
            units,
            columns: [own.pressure.clone(), own.rating.clone()],
            better: Better::of_ratings(own, table),
            repeated,
        };
        for (&(place, session), rows) in &found.repeated.rows {
            let there: Vec<usize> =
                rows.iter().copied().filter(|&row| ratings[row].is_some()).collect();
            if there.len() < rows.len() {
                found.lacking.push(found.repeated.visit((place, session), people));
            }
            let x: Vec<f64> = there.iter().map(|&row| pressures[row]).collect();
            let y: Vec<f64> = there.iter().filter_map(|&row| ratings[row]).collect();
            let (levels, means, counts) = means_at(&x, &y);
            let rated = Rated { levels, means };
            let Ok(line) = Line::through(&x, &y) else {
                found.without_line.push(found.repeated.visit((place, session), people));
                if !there.is_empty() {
                    found.unlined.insert((place, session), rated);
                }
                continue;
            };
            let isotonic = isotonic(&rated.means, &counts);
            let series = there.iter().filter_map(|&row| series[row].clone()).collect();
            let own = Own { pressures: x, ratings: y, series, line, rated, isotonic };
            found.of.insert((place, session), own);
        }
        found.find_others(people);
        Ok(found)
    }

    /// The ratings of every visit that has any, be there a line or not.
    pub fn rated(&self) -> impl Iterator<Item = (&(usize, usize), &Rated)> {
        self.of.iter().map(|(visit, own)| (visit, &own.rated)).chain(&self.unlined)
    }

    /// Those of one visit.
    pub fn rated_at(&self, visit: (usize, usize)) -> Option<&Rated> {
        self.of.get(&visit).map(|own| &own.rated).or_else(|| self.unlined.get(&visit))
    }

    /// Refuse a session of which no visit has a line.
    ///
    /// # Errors
    /// Bad data, naming the session and how many stimuli its visits have at most.
    pub fn refuse_without_lines(&self, plan: &Plan) -> Result<()> {
        for name in [&plan.baseline, &plan.endpoint] {
            let Some(at) = self.repeated.sessions.iter().position(|own| own == name) else {
                continue;
            };
            if self.of.keys().any(|(_, session)| *session == at) {
                continue;
            }
            let own = self.repeated.rows.iter().filter(|((_, session), _)| *session == at);
            let most = own.map(|(_, rows)| rows.len()).max().unwrap_or_default();
            return Err(Error::bad_data(
                format!("{} at {name}", self.repeated.table.table.name),
                format!(
                    "has visits of {most} stimuli at most, and of none a line of rating on pressure"
                ),
                "have three rated stimuli of two pressures at least in a visit",
                "leave --pressure out; a rating at one pressure is an --outcome",
            ));
        }
        Ok(())
    }

    /// Visits whose range of pressures, or number of stimuli, is not that of most.
    fn find_others(&mut self, people: &People) {
        let places = |is_other: &dyn Fn(&Own) -> bool| {
            let others = self.of.iter().filter(|(_, own)| is_other(own));
            others.map(|(visit, _)| self.repeated.visit(*visit, people)).collect::<Vec<String>>()
        };
        let range = most(self.of.values().map(Own::range));
        let of_other_range = places(&|own| Some(own.range()) != range);
        // With the stimuli that have no rating, which are told apart.
        let n = most(self.repeated.rows.values().map(Vec::len)).unwrap_or_default();
        let others = self.repeated.rows.iter().filter(|(_, rows)| rows.len() != n);
        let said = |(visit, rows): (&(usize, usize), &Vec<usize>)| {
            self.repeated.visit_of(*visit, rows.len(), people)
        };
        self.of_other_number = (others.map(said).collect(), n);
        self.of_other_range = of_other_range;
    }

    pub fn rows(&self, people: &People) -> Vec<PressureOfVisit> {
        let row = |(&(place, session), own): (&(usize, usize), &Own)| {
            let reached_here = own.reached(self.target, self.conf);
            let [least, greatest] = own.range();
            let is_in = |x: f64| least <= x && x <= greatest;
            PressureOfVisit {
                participant: people.all[place].id.clone(),
                arm: people.all[place].arm,
                session: self.repeated.sessions[session].clone(),
                n: own.ratings.len(),
                slope: own.line.slope,
                intercept: own.line.intercept,
                s: own.line.residual_sd,
                dof: own.line.dof,
                p50: reached_here.map(|(estimate, _)| estimate),
                g: reached_here.map_or(f64::INFINITY, |(_, g)| g),
                p50_isotonic: reached(&own.rated.levels, &own.isotonic, self.target),
                auc: own.auc().unwrap_or_default(),
                in_range: reached_here.map(|(estimate, _)| is_in(estimate.value)),
                floor_or_ceiling: own.ratings.iter().filter(|r| self.is_at_an_end(**r)).count(),
            }
        };
        self.of.iter().map(row).collect()
    }

    /// Why visits with a line have no P50, and what to check.
    fn why_none(&self, measure: Measure) -> Option<[String; 2]> {
        let has_none = |own: &&Own| own.reached(self.target, self.conf).is_none();
        let n = self.of.values().filter(has_none).count();
        let [pressure, rating] = &self.columns;
        (measure == Measure::P50 && n > 0).then(|| {
            [
                format!(
                    "ratings do not rise with pressure in {n} of {} visits, which have no P{}",
                    self.of.len(),
                    self.target
                ),
                format!("that columns {pressure} and {rating} are what they are called"),
            ]
        })
    }

    fn is_at_an_end(&self, rating: f64) -> bool {
        rating <= self.scale[0] || rating >= self.scale[1]
    }

    pub fn visits(&self, measure: Measure, people: &People) -> Visits {
        let value = |own: &Own| match measure {
            Measure::P50 => own.reached(self.target, self.conf).map(|(found, _)| found.value),
            Measure::Slope => Some(own.line.slope),
            Measure::Auc => own.auc(),
        };
        let of = self.of.iter().map(|(&(place, session), own)| {
            ((place, self.repeated.sessions[session].clone()), value(own))
        });
        let column = Column { table: "pressure".to_owned(), column: measure.name().to_owned() };
        let mut visits = Visits::derived(
            (measure.label(self.target), column),
            (self.repeated.table, people),
            self.repeated.order.clone(),
            of.collect(),
        );
        visits.direction = measure.direction(self.better.direction);
        visits.why_none = self.why_none(measure);
        visits.units = match (measure, &self.units) {
            (Measure::P50, (pressure, _)) => pressure.clone(),
            (Measure::Auc, (_, rating)) => rating.clone(),
            (Measure::Slope, (Some(pressure), Some(rating))) => {
                Some(format!("{rating}/{pressure}"))
            }
            (Measure::Slope, _) => None,
        };
        visits
    }
}

/// The most frequent value.
fn most<T: PartialEq + Copy>(values: impl Iterator<Item = T> + Clone) -> Option<T> {
    values.clone().max_by_key(|value| values.clone().filter(|other| other == value).count())
}

fn pressures(table: &Measured, own: &PressurePlan) -> Result<Vec<f64>> {
    let there = |(row, pressure): (usize, Option<f64>)| match pressure {
        Some(pressure) if pressure > 0.0 => Ok(pressure),
        other => Err(Error::bad_data(
            table.line(row),
            format!(
                "holds {} in column {}",
                other.map_or("n/a".to_owned(), |v| v.to_string()),
                own.pressure
            ),
            "hold the stimulus's pressure, above 0",
            "fill it in, or delete the row (of a catch trial)",
        )),
    };
    table.numbers(&own.pressure)?.into_iter().enumerate().map(there).collect()
}

/// The ratings' scale, and the same where it is assumed.
fn scale(
    table: &Measured,
    own: &PressurePlan,
    [_, greatest]: [f64; 2],
) -> Result<([f64; 2], Option<[f64; 2]>)> {
    if let Some(range) = table.dictionary.get(&own.rating).and_then(Variable::scale) {
        if own.target < range.least || own.target > range.greatest {
            return Err(Error::usage(
                format!("the target rating {}", own.target),
                format!("lies outside the Range of {} in {}", own.rating, table.dictionary.name),
                format!("be {}", range.said()),
                "give another --target",
            ));
        }
        return Ok(([range.least, range.greatest], None));
    }
    // The usual scales: 0 to 10, 0 to 100; others need a dictionary.
    let scale = [0.0, if greatest <= 10.0 { 10.0 } else { 100.0 }];
    Ok((scale, Some(scale)))
}
