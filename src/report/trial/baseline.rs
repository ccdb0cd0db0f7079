//! The arms before treatment: described, not tested.

use super::words::{arms, decimals_of, fitted, or_dash, with_unit};
use crate::report::grid::Grid;
use crate::report::html::number;
use crate::trial::results::{BaselineRow, Summary};
use crate::trial::{Arm, Design, Results};

pub(super) fn section(of: &Results) -> String {
    let [active, control] = arms(of);
    let heads = [
        "characteristic",
        &format!("{active}: mean (SD) or n (%)"),
        "median [quartiles]",
        &format!("{control}: mean (SD) or n (%)"),
        "median [quartiles]",
        "standardised difference",
    ];
    let caption = match of.plan.design {
        Design::Parallel => "The arms before treatment",
        Design::Crossover => "The sequences before treatment",
    };
    let mut table = Grid::new(caption, &heads, 1);
    for row in &of.baseline.rows {
        let mut label = match &row.level {
            Some(level) => format!("{}: {level}", row.label),
            None => with_unit(&row.label, row.units.as_deref()),
        };
        let lack = [row.missing.active, row.missing.control];
        if lack != [0, 0] {
            label += &format!(" (values lack: {} and {})", lack[0], lack[1]);
        }
        let mut cells = vec![label];
        [Arm::Active, Arm::Control].iter().for_each(|arm| cells.extend(described(row, *arm)));
        cells.push(or_dash(row.standardised_difference, |d| number(d, 2)));
        table.row(&cells);
    }
    if table.n_rows() == 0 {
        return "<p>The plan names nothing to describe (--describe), and participants.tsv has no age and no sex.</p>\n"
            .to_owned();
    }
    table.finish()
        + "<p class=\"note\">No p: any difference at baseline between those who were randomised is chance (CONSORT 2010, item 15).</p>\n"
}

/// Mean (SD) and median [quartiles], or a count.
fn described(row: &BaselineRow, arm: Arm) -> [String; 2] {
    match row.summary.get(arm) {
        Summary::Number { mean, sd, median, q1, q3, .. } => {
            let places = decimals_of(sd.unwrap_or(0.0)).max(1);
            let said = |v: &Option<f64>| or_dash(*v, |v| fitted(v, places));
            [
                format!("{} ({})", said(mean), said(sd)),
                format!("{} [{}, {}]", said(median), said(q1), said(q3)),
            ]
        }
        Summary::Count { count, share } => {
            let share = or_dash(*share, |s| format!("{}\u{a0}%", number(100.0 * s, 1)));
            [format!("{count} ({share})"), String::new()]
        }
    }
}
