//! Strata with one arm alone, of which Mantel and Haenszel's estimates say nothing.

use crate::trial::arm::Arm;
use crate::trial::note::{Notes, counted, verb};
use crate::trial::people::People;
use crate::trial::plan::Missing;
use crate::trial::results::{OfOneArm, ResponderRow};

/// Tell who is in no estimate by strata: of all randomised once, whatever the rule; of those observed where a rule leaves out other strata.
pub(super) fn tell(rows: &[ResponderRow], people: &People, notes: &mut Notes) {
    let strata = |row: &ResponderRow| -> Vec<String> {
        let all = row.stratified.iter().flat_map(|own| &own.of_one_arm);
        all.map(|own| own.stratum.clone()).collect()
    };
    let first = rows.iter().find(|row| row.missing != Some(Missing::Observed));
    let of_all = first.map(strata).unwrap_or_default();
    for row in rows {
        let Some(stratified) = row.stratified.as_ref().filter(|own| !own.of_one_arm.is_empty())
        else {
            continue;
        };
        let of = match row.missing {
            Some(Missing::Observed) if strata(row) == of_all => continue,
            Some(Missing::Observed) => format!("{}, of those observed", row.name),
            _ => "all randomised".to_owned(),
        };
        let (by, own) = (stratified.by.join(", "), &stratified.of_one_arm);
        let who: Vec<String> = own.iter().flat_map(|one| one.participants.clone()).collect();
        notes.warn(
            format!(
                "{} of {by} {} one arm alone ({}): {} left out of Mantel and Haenszel's estimates of responders ({of})",
                counted_strata(own.len()),
                verb(own.len(), ["has", "have"]),
                levels(own, people),
                counted(who.len(), "participant")
            ),
            who,
        );
    }
}

/// "1 stratum", "3 strata".
fn counted_strata(n: usize) -> String {
    format!("{n} {}", verb(n, ["stratum", "strata"]))
}

/// The strata of each arm: "C, F; D, M: drug".
fn levels(own: &[OfOneArm], people: &People) -> String {
    let of_arm = |arm| {
        let strata: Vec<&str> =
            own.iter().filter(|one| one.arm == arm).map(|one| one.stratum.as_str()).collect();
        (!strata.is_empty()).then(|| format!("{}: {}", people.arms.get(arm), strata.join("; ")))
    };
    Arm::BOTH.into_iter().filter_map(of_arm).collect::<Vec<_>>().join("; ")
}
