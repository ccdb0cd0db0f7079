//! Who responded, by the rules of the plan: each part of a rule alone, then the first two together, the first three, and so on.
//!
//! - Who lacks a value is a non-responder of all randomised (BOCF), the primary count; beside it stand those who have every value (observed), and the risk differences were
//!   all who lack one to respond in one arm and none in the other.
//! - Who is known to fail one part cannot respond, whatever another part would have been: a non-responder by all means, and counted among those who lack a value.
//! - A percentage has no meaning where the baseline is 0 or below: the value lacks, and that is said.
//! - Risk difference with Miettinen and Nurminen's limits, Newcombe's beside; odds and risk ratio, Fisher's p; the odds ratio given baseline by logistic
//!   regression; by strata Mantel and Haenszel; number needed to treat (Altman).
//!
//! Source: Arnold et al. 2010 (composite responders of the milnacipran trials); the statistics in [`crate::stats::proportions`].

mod adjusted;
mod certain;
mod held;
mod lacking;
mod named;
mod one_arm;
mod reach;
mod row;

use super::arm::Arm;
use super::note::Notes;
use super::people::People;
use super::plan::{Missing, Plan};
use super::results::{ResponderRow, Responders};
use super::rule::Rule;
use super::tables::Tables;
use crate::error::Result;
use held::Held;
use lacking::Lacking;

/// Count the responders by every rule.
///
/// # Errors
/// Usage: a column or a session that a table lacks, a rule twice, one name for two rules, a threshold beyond what values can be. Bad data in a table.
pub fn analyse(
    plan: &Plan,
    people: &People,
    tables: &Tables,
    notes: &mut Notes,
) -> Result<Responders> {
    let mut found = Responders::default();
    let mut lacking = Lacking::default();
    named::refuse_twice(&plan.responders)?;
    let labels = named::labels(&plan.responders)?;
    named::refuse_alike(&plan.responders, &labels)?;
    for (rule, labels) in plan.responders.iter().zip(labels) {
        let parts = rule.parts.iter().zip(labels).map(|(part, label)| {
            let held = Held { label, ..Held::against(part, plan, people, tables, notes)? };
            reach::judge(&held, (plan, people, tables), notes)?;
            Ok(held)
        });
        let parts = parts.collect::<Result<Vec<Held>>>()?;
        parts.iter().for_each(|held| lacking.add(held, plan, people));
        for together in named::together(&parts) {
            // Rules may begin alike.
            let rule = Rule { parts: together.iter().map(|held| held.part.clone()).collect() };
            if found.rows.iter().any(|row| row.rule == rule.to_string()) {
                continue;
            }
            for way in shown(plan, together.iter().any(|held| held.met_last.is_some())) {
                let row = row::row(together, way, people, plan)?;
                tell_unadjusted(&row, together, notes);
                certain::tell(&row, notes);
                tell_unseen(&row, people, notes);
                found.rows.push(row);
            }
        }
    }
    lacking.tell(plan, people, notes);
    one_arm::tell(&found.rows, people, notes);
    Ok(found)
}

/// A logistic regression without a maximum gives no numbers.
fn tell_unadjusted(row: &ResponderRow, parts: &[Held], notes: &mut Notes) {
    let has_baseline = parts.iter().any(|held| !held.baseline.is_empty());
    if has_baseline && row.adjusted.is_none() {
        let text = format!(
            "responders by {}: no odds ratio given baseline, for arm and baseline part all responders from the others, or an arm has none",
            row.name
        );
        notes.info(text, Vec::new());
    }
}

/// Tell an arm of which nobody has the values: all its participants count as no responders.
fn tell_unseen(row: &ResponderRow, people: &People, notes: &mut Notes) {
    let is_unseen = |arm: &Arm| {
        let n = *row.n.get(*arm);
        n > 0 && row.missing != Some(Missing::Observed) && row.lacking.get(*arm).len() == n
    };
    for arm in Arm::BOTH.into_iter().filter(is_unseen) {
        let text = format!(
            "nobody of {} has the values that responders by {} need: all of that arm count as no responders, and nothing is known of it",
            people.arms.get(arm),
            row.name
        );
        notes.warn(text, Vec::new());
    }
}

/// All randomised come first whatever the plan's order; LOCF without a visit between is BOCF.
fn shown(plan: &Plan, has_last: bool) -> Vec<Missing> {
    let mut ways = vec![Missing::Bocf];
    ways.extend((has_last && plan.missing.contains(&Missing::Locf)).then_some(Missing::Locf));
    ways.extend(plan.missing.contains(&Missing::Observed).then_some(Missing::Observed));
    ways
}
