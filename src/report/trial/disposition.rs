//! Who left, when and why.

use super::words::{arms, ci, drawn, in_percent, limits_at, or_dash, points, share};
use crate::report::figures::figure;
use crate::report::figures::survival::{self, Step, Survival};
use crate::report::grid::Grid;
use crate::report::html::{escaped, number, p_said};
use crate::trial::results::{Disposition, DispositionOfArm, SurvivalStep};
use crate::trial::{Arm, Results};

pub(super) fn section(of: &Results, part: &Disposition) -> String {
    let curves: Vec<survival::Arm> =
        [Arm::Active, Arm::Control].map(|arm| curve(of.arms.get(arm), part.arms.get(arm))).to_vec();
    let log_rank = part.log_rank.map_or(String::new(), |t| {
        format!(" Log-rank test: χ² = {}, {}.", number(t.statistic, 2), p_said(t.p))
    });
    let caption = format!(
        "Share of patients still in the study (Kaplan and Meier) with its {} (log-log); short strokes are patients whose time ended without discontinuation.{log_rank}",
        ci(of)
    );
    let drawing = if curves.iter().all(|c| c.n == 0) {
        String::new()
    } else {
        let axes = ["Time (days)".to_owned(), "Still in the study (%)".to_owned()];
        let drawing = survival::draw(&Survival { axes, arms: curves }, "survival");
        figure("Time to discontinuation", &drawing, &caption)
    };
    drawing + &table(of, part) + &steps(of, part)
}

fn curve(name: &str, arm: &DispositionOfArm) -> survival::Arm {
    let left = |s: &SurvivalStep| {
        let alone = crate::report::figures::Interval {
            value: s.share.value,
            low: s.share.value,
            high: s.share.value,
        };
        drawn(&s.share).map_or(alone, |i| crate::report::figures::Interval {
            low: i.low.max(0.0),
            high: i.high.min(1.0),
            ..i
        })
    };
    let step = |s: &SurvivalStep| Step { time: s.day, events: s.events, left: left(s) };
    survival::Arm {
        name: name.to_owned(),
        n: arm.curve.first().map_or(0, |s| s.at_risk),
        steps: arm.curve.iter().filter(|s| s.events > 0).map(step).collect(),
        censored: arm.curve.iter().flat_map(|s| std::iter::repeat_n(s.day, s.censored)).collect(),
    }
}

fn table(of: &Results, part: &Disposition) -> String {
    let [active, control] = arms(of);
    let heads = ["patients", &active, &control, &format!("risk difference, points ({})", ci(of))];
    let mut table = Grid::new("Disposition", &heads, 1);
    let both = |f: fn(&DispositionOfArm) -> usize| [&part.arms.active, &part.arms.control].map(f);
    let randomised = both(|arm| arm.randomised);
    let shares = |n: [Option<usize>; 2]| {
        let one = |at: usize| or_dash(n[at], |n| share(n, randomised[at]));
        [one(0), one(1)].to_vec()
    };
    table.row(&[
        "randomised".to_owned(),
        randomised[0].to_string(),
        randomised[1].to_string(),
        String::new(),
    ]);
    type Count = fn(&DispositionOfArm) -> Option<usize>;
    let counted = |f: Count| [&part.arms.active, &part.arms.control].map(f);
    let rows: [(&str, Count); 3] = [
        ("treated", |arm| Some(arm.treated)),
        ("completed", |arm| arm.completed),
        ("not known", |arm| Some(arm.not_known).filter(|n| *n > 0)),
    ];
    for (name, count) in rows {
        if name != "not known" || counted(count) != [None, None] {
            let shares = shares(counted(count));
            table.row(&[vec![name.to_owned()], shares, vec![String::new()]].concat());
        }
    }
    let left = shares(counted(|arm| arm.discontinued));
    let difference = or_dash(part.discontinued, |rd| points(&rd));
    table.row(&[vec!["discontinued".to_owned()], left, vec![difference]].concat());
    for (why, n, difference) in &part.reasons {
        let difference = or_dash(*difference, |rd| points(&rd));
        table.row_of(
            "sub",
            &[vec![why.clone()], shares([Some(n.active), Some(n.control)]), vec![difference]]
                .concat(),
        );
    }
    let day = |arm: &DispositionOfArm| or_dash(arm.median_day, |day| number(day, 0));
    let median = [day(&part.arms.active), day(&part.arms.control)];
    if part.arms.active.median_day.or(part.arms.control.median_day).is_some() {
        let median = median.to_vec();
        table.row(
            &[vec!["day by which half have left".to_owned()], median, vec![String::new()]].concat(),
        );
    }
    table.finish()
        + &format!("<p class=\"note\">{}</p>\n", escaped("Shares are of those randomised."))
}

fn steps(of: &Results, part: &Disposition) -> String {
    let heads = [
        "arm",
        "day",
        "at risk",
        "left",
        "censored",
        &format!("still in the study, % ({})", ci(of)),
    ];
    let mut table = Grid::new("The curves", &heads, 1);
    for arm in [Arm::Active, Arm::Control] {
        for step in &part.arms.get(arm).curve {
            table.row(&[
                of.arms.get(arm).clone(),
                number(step.day, usize::from(step.day.fract() != 0.0)),
                step.at_risk.to_string(),
                step.events.to_string(),
                step.censored.to_string(),
                limits_at(&in_percent(&step.share), 1),
            ]);
        }
    }
    table.folded()
}
