//! Pressure pain: curves, the pressure of the target rating, and the rating at each pressure.

use super::outcomes::{primary, table};
use super::words::{
    adjusted_rows, arms, both, capital, ci, drawn, session, statistic, with_limits, with_unit,
};
use crate::report::figures::curves::{self, Curves, Point, Visit};
use crate::report::figures::figure;
use crate::report::grid::Grid;
use crate::report::html::{number, p_of};
use crate::trial::results::{AncovaRow, IntensityRow, Pressure, PressureCurve, SummaryMeasure};
use crate::trial::unit::in_name;
use crate::trial::{Arm, Results};

pub(super) fn section(of: &Results, part: &Pressure) -> String {
    let [pressure, rating] = axes(of, part);
    let values = Curves {
        arms: arms(of).to_vec(),
        axes: [pressure.clone(), rating],
        target: Some(part.target),
        visits: sessions(of, part).iter().map(|name| visit(part, name)).collect(),
    };
    let caption = format!(
        "Mean rating of each arm at each pressure with its {}; the dashed line is the target rating of {}. Marks of one pressure stand side by side.",
        ci(of),
        plain(part.target)
    );
    let rows = primary(&part.ancova);
    figure("Stimulus and response", &curves::draw(&values, "curves"), &caption)
        + &means(of, part, &pressure)
        + &table(
            &format!(
                "Pressure of the target rating, slope and area under the curve, {}",
                adjusted_rows(of, &rows)
            ),
            of,
            &rows,
        )
        + &at_each(of, part, &pressure)
        + &summaries(of, part)
        + &patients(part)
        + &series(of, part)
}

/// What is along the axes: names of the columns with their units.
fn axes(of: &Results, part: &Pressure) -> [String; 2] {
    let plan = of.plan.pressure.as_ref();
    let axis = |own: Option<&String>, other: &str, units: Option<&str>| {
        let name = own.map_or(other, String::as_str);
        let (stem, of_name) = in_name(name).map_or((name, None), |(stem, unit)| (stem, Some(unit)));
        capital(&with_unit(&stem.replace('_', " "), units.or(of_name)))
    };
    let units = part.rating_units.as_deref().or(Some("points"));
    [
        axis(plan.map(|p| &p.pressure), "pressure", part.pressure_units.as_deref()),
        axis(plan.map(|p| &p.rating), "rating", units),
    ]
}

/// Baseline and endpoint, then any other.
fn sessions(of: &Results, part: &Pressure) -> Vec<String> {
    let mut all = vec![of.plan.baseline.clone(), of.plan.endpoint.clone()];
    for curve in &part.curves {
        if !all.contains(&curve.session) {
            all.push(curve.session.clone());
        }
    }
    all.retain(|name| part.curves.iter().any(|curve| curve.session == *name));
    all
}

fn visit(part: &Pressure, name: &str) -> Visit {
    let curve = |arm: Arm| {
        let own = part.curves.iter().find(|c| c.arm == arm && c.session == name);
        own.map_or_else(Vec::new, points)
    };
    Visit { name: capital(session(name)), curves: vec![curve(Arm::Active), curve(Arm::Control)] }
}

fn points(curve: &PressureCurve) -> Vec<Point> {
    let each = curve.pressure.iter().zip(&curve.rating);
    each.map(|(pressure, mean)| {
        let alone = crate::report::figures::Interval {
            value: mean.value,
            low: mean.value,
            high: mean.value,
        };
        Point { intensity: *pressure, mean: drawn(mean).unwrap_or(alone) }
    })
    .collect()
}

fn means(of: &Results, part: &Pressure, pressure: &str) -> String {
    let heads = ["visit", "arm", pressure, "patients", &format!("mean rating ({})", ci(of))];
    let mut table = Grid::new("Mean ratings", &heads, 2);
    for name in sessions(of, part) {
        for curve in part.curves.iter().filter(|c| c.session == name) {
            for ((pressure, mean), n) in curve.pressure.iter().zip(&curve.rating).zip(&curve.n) {
                table.row(&[
                    session(&name).to_owned(),
                    of.arms.get(curve.arm).clone(),
                    plain(*pressure),
                    n.to_string(),
                    with_limits(mean),
                ]);
            }
        }
    }
    table.folded()
}

/// A number of a design, as short as it is.
fn plain(value: f64) -> String {
    number(value, (0..4).find(|n| (value * 10_f64.powi(*n)).fract() == 0.0).unwrap_or(3) as usize)
}

fn at_each(of: &Results, part: &Pressure, pressure: &str) -> String {
    let heads = [pressure, "n", &format!("difference ({})", ci(of)), "t (dof)", "p", "p, Holm"];
    let rows: Vec<&AncovaRow> = part.intensities.iter().map(|row| &row.ancova).collect();
    let title = format!("Rating at each pressure, {}", adjusted_rows(of, &rows));
    let mut table = Grid::new(&title, &heads, 1);
    for IntensityRow { pressure, ancova, p_holm } in &part.intensities {
        table.row(&[
            plain(*pressure),
            both(ancova.n),
            with_limits(&ancova.difference),
            statistic(&ancova.test),
            p_of(ancova.test.p),
            p_of(*p_holm),
        ]);
    }
    table.finish()
}

fn summaries(of: &Results, part: &Pressure) -> String {
    let heads =
        ["summary of each patient", "n", &format!("difference ({})", ci(of)), "t (dof)", "p"];
    let mut table = Grid::new("Treatment and intensity by summary measures", &heads, 1);
    let mut add = |what: &str, measure: &Option<SummaryMeasure>| {
        if let Some(SummaryMeasure { n, difference, test }) = measure {
            table.row(&[
                what.to_owned(),
                both(*n),
                with_limits(difference),
                statistic(test),
                p_of(test.p),
            ]);
        }
    };
    add("mean change over all pressures", &part.mean_change);
    add(
        "slope of the change, per 100 units of pressure (treatment × intensity)",
        &part.treatment_by_intensity,
    );
    table.finish()
}

/// Whether two series of the same patients give the same pressure.
fn series(of: &Results, part: &Pressure) -> String {
    let Some(found) = &part.series_differ else { return String::new() };
    let heads = ["series", "patients", &format!("difference ({})", ci(of)), "t (dof)", "p"];
    let mut table =
        Grid::new("Pressure of the target rating by each series, at baseline", &heads, 1);
    table.row(&[
        format!("{} minus {}", found.series[0], found.series[1]),
        found.n.to_string(),
        with_limits(&found.difference),
        statistic(&found.test),
        p_of(found.test.p),
    ]);
    table.finish()
}

/// How well the curves of single patients could be read.
fn patients(part: &Pressure) -> String {
    let count = |f: &dyn Fn(&crate::trial::results::PressureOfVisit) -> bool| {
        part.visits.iter().filter(|v| f(v)).count().to_string()
    };
    let mut table = Grid::new("Curves of single patients", &["what", "curves"], 1);
    table.row(&["all".to_owned(), part.visits.len().to_string()]);
    table.row(&[
        "target rating outside of the tested pressures".to_owned(),
        count(&|v| v.in_range == Some(false)),
    ]);
    table.row(&[
        "Fieller's limits are unbounded (g ≥ 1)".to_owned(),
        count(&|v| v.p50.is_some_and(|p| p.low.is_none() || p.high.is_none())),
    ]);
    table.row(&[
        "no pressure of the target rating (slope 0)".to_owned(),
        count(&|v| v.p50.is_none()),
    ]);
    table.row(&[
        "isotonic curve does not reach the target".to_owned(),
        count(&|v| v.p50_isotonic.is_none()),
    ]);
    table.row(&["a rating at an end of the scale".to_owned(), count(&|v| v.floor_or_ceiling > 0)]);
    table.folded()
}
