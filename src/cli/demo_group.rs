//! What `boldly demo --group` prints.

use crate::pipeline::demo_group::{LEVEL, Line, TrialResult};

/// Each correction beside the truth, the regions, and a sentence that follows from the numbers.
pub(super) fn table(result: &TrialResult) -> String {
    let [pag, insula, others] = result.voxels;
    let name = |line: &Line| match line.is_corrected {
        true => format!("{}, corrected p <= {}", line.correction, line.level),
        false => format!("{} p <= {}", line.correction, line.level),
    };
    let names = result.lines.iter().map(|line| name(line).chars().count());
    let wide = names.max().unwrap_or(0).max(32);
    let mut text = format!(
        "\n{n} + {n} patients, two visits: drug (post - pre) - placebo (post - pre), {} rearrangements\n\n\
         {:<wide$} {:>8} {:>8} {:>11}\n{:<wide$} {pag:>8} {insula:>8} {others:>11}\n",
        result.permutations,
        "voxels found",
        "PAG",
        "insula",
        "elsewhere",
        "of",
        n = result.per_group,
    );
    for line in &result.lines {
        let Line { pag, insula, elsewhere, .. } = line;
        let name = name(line);
        text.push_str(&format!("{name:<wide$} {pag:>8} {insula:>8} {elsewhere:>11}\n"));
    }
    text.push_str(&format!(
        "\n{:<32} {:>8} {:>8} {:>18} {:>9}\n",
        "mean of a region, percent", "truth", "found", "95 % interval", "p"
    ));
    for line in &result.regions {
        let interval = format!("{:.2} to {:.2}", line.lower, line.upper);
        text.push_str(&format!(
            "{:<32} {:>8.2} {:>8.2} {interval:>18} {:>9.2e}\n",
            line.region, line.truth, line.effect, line.p
        ));
    }
    text + "\n" + &closing(result)
}

/// One sentence, of counts alone, so that it is true whatever was found.
fn closing(result: &TrialResult) -> String {
    let [all_pag, ..] = result.voxels;
    let (corrected, uncorrected): (Vec<&Line>, Vec<&Line>) =
        result.lines.iter().partition(|line| line.is_corrected);
    let mut parts = Vec::new();
    if let Some(line) = uncorrected.first() {
        let all = line.pag + line.insula + line.elsewhere;
        let false_ones = line.elsewhere;
        parts.push(format!("Uncorrected, {false_ones} of the {all} voxels found are false"));
    }
    let clean = corrected.iter().filter(|line| line.elsewhere == 0).count();
    parts.push(format!(
        "{clean} of the {} family-wise corrections (p <= {LEVEL}) find none where the drug does nothing",
        corrected.len()
    ));
    let most = corrected.iter().map(|line| line.pag).max().unwrap_or(0);
    parts.push(match most {
        0 => format!("none of them finds a voxel of the PAG's {all_pag}"),
        _ => {
            let best: Vec<&str> = corrected
                .iter()
                .filter(|line| line.pag == most)
                .map(|line| line.correction.as_str())
                .collect();
            format!("most of the PAG's {all_pag} voxels, {most}, by {}", best.join(" and "))
        }
    });
    parts.join("; ") + ".\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(correction: &str, is_corrected: bool, [pag, insula, elsewhere]: [usize; 3]) -> Line {
        let correction = correction.to_owned();
        Line { correction, level: 0.05, is_corrected, pag, insula, elsewhere }
    }

    #[test]
    fn the_closing_sentence_says_what_the_numbers_say() {
        let of = |lines: Vec<Line>| {
            let (voxels, regions) = ([12, 300, 40_000], Vec::new());
            closing(&TrialResult { per_group: 20, permutations: 1000, voxels, lines, regions })
        };
        let said = of(vec![
            line("uncorrected", false, [9, 100, 41]),
            line("largest t", true, [1, 10, 0]),
            line("TFCE", true, [4, 150, 2]),
            line("cluster mass", true, [4, 90, 0]),
        ]);
        assert_eq!(
            said,
            "Uncorrected, 41 of the 150 voxels found are false; 2 of the 3 family-wise corrections (p <= 0.05) find none where the drug \
             does nothing; most of the PAG's 12 voxels, 4, by TFCE and cluster mass.\n"
        );
        let said = of(vec![line("uncorrected", false, [0, 0, 3]), line("TFCE", true, [0, 8, 0])]);
        assert!(said.ends_with("; none of them finds a voxel of the PAG's 12.\n"), "{said}");
    }
}
