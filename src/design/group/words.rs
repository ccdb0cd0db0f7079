//! A stratum as a person reads it.

use std::fmt::Write as _;

use super::stratum::Stratum;
use super::sum::sum;

impl Stratum {
    /// What it tests, in what, and on how many degrees of freedom; a line each, without the last line's end. `rank`: of the design.
    #[must_use]
    pub fn told(&self, rank: usize) -> String {
        let [dof1, dof2] = self.dof(self.subjects.len(), rank);
        let mut text = format!("{}: {}\n", self.name, self.words);
        let unit = if self.blocks.is_some() { "map" } else { "subject" };
        match self.combined_words.as_slice() {
            [one]
                if self.blocks.is_none()
                    && self.combined[0].iter().all(|c| c.len() == 1)
                    && one.is_empty() =>
            {
                let _ = writeln!(text, "  of each subject: the map");
            }
            words => {
                let _ = writeln!(text, "  of each {unit}: {}", words.join("; "));
            }
        }
        let n_of = |g: usize| self.group.iter().filter(|&&other| other == g).count();
        let groups = self.groups.iter().enumerate().map(|(g, name)| format!("{name} {}", n_of(g)));
        let groups: Vec<String> = groups.collect();
        let _ = writeln!(
            text,
            "  {} {unit}s{}; columns: {}",
            self.subjects.len(),
            if self.groups.len() > 1 { format!(" ({})", groups.join(", ")) } else { String::new() },
            self.columns.join(", ")
        );
        let rows: Vec<String> =
            self.weights.rows().into_iter().map(|row| sum(row, &self.columns)).collect();
        let test =
            if self.is_f { format!("F on {dof1} and {dof2}") } else { format!("t on {dof2}") };
        let _ = write!(text, "  weights: {}; {test} degrees of freedom", rows.join("; "));
        if self.combined.len() > 1 {
            let _ = write!(
                text,
                "\n  {} combinations share one error (sphericity is assumed)",
                self.combined.len()
            );
        }
        for (subject, why) in &self.left_out {
            let _ = write!(text, "\n  left out: {subject}, {why}");
        }
        text
    }
}
