//! What `boldly demo --trial` prints.

use crate::pipeline::demo_trial::{Line, TrialDemo};
use crate::trial::digits::{decimals, written};

/// What was put in beside what was found, and a sentence that follows from the numbers.
pub(super) fn table(result: &TrialDemo) -> String {
    let wide = result.lines.iter().map(|line| line.quantity.chars().count()).max().unwrap_or(0);
    let mut text = format!(
        "\n{n} + {n} patients, {} at both visits, {} runs: drug (after - before) - placebo (after - before)\n\n\
         {:<wide$} {:<13} {:>8} {:>8} {:>18} {:>9}  {}\n",
        result.completers,
        result.runs,
        "",
        "",
        "truth",
        "found",
        "95 % interval",
        "p",
        "by",
        n = result.per_arm,
    );
    for line in &result.lines {
        let Line { quantity, units, truth, found, lower, upper, p, by } = line;
        let places = decimals((upper - lower) / 4.0);
        let said = |v: f64| written(v, places);
        let interval = format!("{} to {}", said(*lower), said(*upper));
        let (truth, found) = (said(*truth), said(*found));
        let p = p.map_or(String::new(), |p| format!("{p:.2e}"));
        text.push_str(&format!(
            "{quantity:<wide$} {units:<13} {truth:>8} {found:>8} {interval:>18} {p:>9}  {by}\n"
        ));
    }
    let held = result.lines.iter().filter(|line| line.holds()).count();
    text.push_str(&format!(
        "\n{held} of the {} intervals hold what was put in; of 95 % intervals about one in twenty does not.\n",
        result.lines.len()
    ));
    let steps: Vec<String> =
        result.seconds.iter().map(|(step, seconds)| format!("{step} {seconds:.1} s")).collect();
    text + &steps.join(", ") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_counts_the_intervals_that_hold_the_truth() {
        let line = |truth: f64| Line {
            quantity: "heart rate".to_owned(),
            units: "beats/min".to_owned(),
            truth,
            found: 8.0,
            lower: 6.0,
            upper: 10.0,
            p: Some(0.001),
            by: "trial",
        };
        let result = TrialDemo {
            per_arm: 10,
            completers: 17,
            runs: 73,
            warned: 0,
            lines: vec![line(8.5), line(10.5)],
            seconds: vec![("glm".to_owned(), 3.0)],
            page: "index.html",
        };
        let said = table(&result);
        assert!(said.contains("10 + 10 patients, 17 at both visits, 73 runs"), "{said}");
        assert!(said.contains("1 of the 2 intervals hold what was put in"), "{said}");
        assert!(said.contains("8.0        6.0 to 10.0   1.00e-3  trial"), "{said}");
    }
}
