//! The choice in lines for a person.

use crate::pipeline::spec::{Criterion, OrderChoice};

/// A headline, then the table of what decided.
pub(super) fn lines(choice: &OrderChoice) -> Vec<String> {
    let OrderChoice { by, at_most, chosen, n_voxels, .. } = choice;
    let mut lines = vec![format!(
        "order by {}: {chosen} of {at_most} at most, over {n_voxels} voxels",
        by.name()
    )];
    match by {
        Criterion::Bic => {
            let least = choice.models.iter().map(|m| m.bic).fold(f64::INFINITY, f64::min);
            lines.push("  terms           columns  mean BIC above the least".to_owned());
            lines.extend(
                choice
                    .models
                    .iter()
                    .map(|m| format!("  {:<15} {:>7}  {:.3}", m.terms, m.n_columns, m.bic - least)),
            );
        }
        Criterion::FTest => {
            lines.push("  series       order  voxels with p < .05  must exceed".to_owned());
            lines.extend(choice.tests.iter().map(|t| {
                let kept = if t.kept { "kept" } else { "not kept" };
                let (share, threshold) = (100.0 * t.share, 100.0 * t.threshold);
                format!(
                    "  {:<12} {:>5}  {share:>18.2}%  {threshold:>10.2}%  {kept}",
                    t.series, t.order
                )
            }));
        }
    }
    lines
}
