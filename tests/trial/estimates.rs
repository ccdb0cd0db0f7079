//! Every estimate of a trial on its page, with the digits that documents promise.

use boldly::trial::results::Estimate;

use crate::checked::checked;
use crate::report::{RESULTS, drawn, rows};

/// Digits that the page owes a number.
#[derive(Clone, Copy)]
enum Digits {
    /// So many that its standard error, or else a quarter of its interval, has two.
    Fit,
    /// Those of another estimate.
    As(Estimate),
    /// So many decimals.
    Fixed(usize),
    /// Two decimals, and no 0 before the point.
    Bare,
}

/// `−1.10 (−1.72 to −0.48)`, computed here from what documents say of digits.
fn written(of: &Estimate, digits: Digits, times: f64) -> String {
    let fit = |of: &Estimate| {
        let spread = of.se.unwrap_or((of.high.unwrap() - of.low.unwrap()) / 4.0);
        (1.0 - spread.abs().log10().floor()).max(0.0) as usize
    };
    let places = match digits {
        Digits::Fit => fit(of),
        Digits::As(other) => fit(&other),
        Digits::Fixed(places) => places,
        Digits::Bare => 2,
    };
    let one = |value: f64| {
        let text = format!("{:.places$}", times * value);
        let is_nothing = text.bytes().all(|b| matches!(b, b'-' | b'0' | b'.'));
        let text = if is_nothing { text.replace('-', "") } else { text.replace('-', "−") };
        match digits {
            Digits::Bare => text.replacen("0.", ".", 1),
            _ => text,
        }
    };
    format!("{} ({} to {})", one(of.value), one(of.low.unwrap()), one(of.high.unwrap()))
}

#[test]
fn every_estimate_and_its_limits_stand_in_its_row_of_a_table() {
    let results = &*RESULTS;
    let rows = rows(&checked(&drawn(results)));
    let mut wanted: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, of: &Estimate, digits: Digits, times: f64| {
        wanted.push((name.to_owned(), written(of, digits, times)));
    };
    let (fit, points) = (Digits::Fit, Digits::Fixed(1));
    for row in &results.ancova.rows {
        add(&row.label, &row.difference, fit, 1.0);
        add(&row.label, &row.ls_means.active.endpoint, Digits::As(row.difference), 1.0);
        add(&row.label, &row.ls_means.control.endpoint, Digits::As(row.difference), 1.0);
        add(&row.label, &row.change.hedges.unwrap(), Digits::Fixed(2), 1.0);
    }
    for row in &results.responders.as_ref().unwrap().rows {
        add(&row.name, &row.risk_difference.unwrap(), points, 100.0);
        add(&row.name, &row.risk_difference_newcombe.unwrap(), points, 100.0);
        row.odds_ratio.iter().for_each(|or| add(&row.name, or, Digits::Fixed(2), 1.0));
    }
    for row in &results.adverse_events.as_ref().unwrap().rows {
        let name = row.pt.as_ref().unwrap_or(&row.soc);
        row.risk_difference.iter().for_each(|rd| add(name, rd, points, 100.0));
    }
    for row in &results.cpm.as_ref().unwrap().ancova {
        add(&row.label, &row.difference, fit, 1.0);
    }
    let pressure = results.pressure.as_ref().unwrap();
    pressure.ancova.iter().for_each(|row| add(&row.label, &row.difference, fit, 1.0));
    for row in &pressure.intensities {
        add(&row.pressure.to_string(), &row.ancova.difference, fit, 1.0);
    }
    for curve in &pressure.curves {
        let visit = curve.session.trim_start_matches("ses-");
        curve.rating.iter().for_each(|mean| add(visit, mean, fit, 1.0));
    }
    for row in &results.brain.as_ref().unwrap().rows {
        add(&row.region, &row.interaction, fit, 1.0);
        add(&row.region, &row.visit, fit, 1.0);
        add(&row.region, &row.arm, fit, 1.0);
        add(&row.region, &row.ancova.difference, fit, 1.0);
    }
    for row in &results.correlations.as_ref().unwrap().rows {
        let name = format!("{} ~ {}", row.first, row.second);
        for one in [&row.given_arm, &row.pooled, &row.spearman, &row.kendall, &row.given_motion] {
            add(&name, &one.as_ref().unwrap().r, Digits::Bare, 1.0);
        }
        for one in [&row.by_arm.active, &row.by_arm.control] {
            add(&name, &one.as_ref().unwrap().r, Digits::Bare, 1.0);
        }
    }
    assert!(wanted.len() > 120, "{}", wanted.len());
    for (name, text) in wanted {
        let own = rows.iter().filter(|row| row.starts_with(&name));
        let own: Vec<&String> = own.collect();
        let is_there = |row: &&&String| row.split('|').any(|cell| cell == text);
        assert!(own.iter().any(|row| is_there(&row)), "{name}: {text} in none of {own:#?}");
    }
}
