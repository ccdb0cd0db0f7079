//! The methods in words, to be copied: what was done in this trial and nothing else, each formula with its name and its source.

use super::relations;
use super::words::{arms, ci, session, strata, way};
use crate::report::methods::Text;
use crate::trial::results::Disposition;
use crate::trial::{Arm, Covariate, Design, Missing, Results};

const CONSORT: &str = "Schulz KF, Altman DG, Moher D. CONSORT 2010 statement. BMJ 2010;340:c332.";
const VICKERS: &str = "Vickers AJ, Altman DG. Analysing controlled trials with baseline and follow up measurements. BMJ 2001;323:1123-1124.";
const HC3: &str = "MacKinnon JG, White H. Some heteroskedasticity-consistent covariance matrix estimators with improved finite sample properties. J Econometrics 1985;29:305-325.";
const HEDGES: &str = "Hedges LV. Distribution theory for Glass's estimator of effect size and related estimators. J Educ Stat 1981;6:107-128.";
const STEIGER: &str = "Steiger JH, Fouladi RT. Noncentrality interval estimation and the evaluation of statistical models. In: What if there were no significance tests? Erlbaum 1997:221-257.";
const HOLM: &str =
    "Holm S. A simple sequentially rejective multiple test procedure. Scand J Stat 1979;6:65-70.";
const BENJAMINI: &str = "Benjamini Y, Hochberg Y. Controlling the false discovery rate: a practical and powerful approach to multiple testing. J R Stat Soc B 1995;57:289-300.";
const FREEDMAN: &str = "Freedman D, Lane D. A nonstochastic interpretation of reported significance levels. J Bus Econ Stat 1983;1:292-298.";
const MIETTINEN: &str =
    "Miettinen O, Nurminen M. Comparative analysis of two rates. Stat Med 1985;4:213-226.";
const NEWCOMBE: &str = "Newcombe RG. Interval estimation for the difference between independent proportions. Stat Med 1998;17:873-890.";
const ALTMAN: &str =
    "Altman DG. Confidence intervals for the number needed to treat. BMJ 1998;317:1309-1312.";
const SATO: &str = "Sato T. On the variance estimator for the Mantel-Haenszel risk difference. Biometrics 1989;45:1323-1324.";
const YARNITSKY: &str = "Yarnitsky D, et al. Recommendations on practice of conditioned pain modulation (CPM) testing. Eur J Pain 2015;19:805-806.";
const MCGRAW: &str = "McGraw KO, Wong SP. Forming inferences about some intraclass correlation coefficients. Psychol Methods 1996;1:30-46.";
const FIELLER: &str =
    "Fieller EC. Some problems in interval estimation. J R Stat Soc B 1954;16:175-185.";
const AYER: &str = "Ayer M, et al. An empirical distribution function for sampling with incomplete information. Ann Math Stat 1955;26:641-647.";
const MATTHEWS: &str = "Matthews JNS, et al. Analysis of serial measurements in medical research. BMJ 1990;300:230-235.";
const FIELLER_1957: &str = "Fieller EC, Hartley HO, Pearson ES. Tests for rank correlation coefficients. I. Biometrika 1957;44:470-481.";
const PATTERSON: &str = "Patterson HD, Thompson R. Recovery of inter-block information when block sizes are unequal. Biometrika 1971;58:545-554.";
const BONETT: &str = "Bonett DG, Wright TA. Sample size requirements for estimating Pearson, Kendall and Spearman correlations. Psychometrika 2000;65:23-28.";
const AMIT: &str = "Amit O, Heiberger RM, Lane PW. Graphical approaches to the analysis of safety data from clinical trials. Pharm Stat 2008;7:20-35.";
const KAPLAN: &str = "Kaplan EL, Meier P. Nonparametric estimation from incomplete observations. J Am Stat Assoc 1958;53:457-481.";
const MANTEL: &str = "Mantel N. Evaluation of survival data and two new rank order statistics arising in its consideration. Cancer Chemother Rep 1966;50:163-170.";
const FREEMAN: &str = "Freeman PR. The performance of the two-stage analysis of two-treatment, two-period crossover trials. Stat Med 1989;8:1421-1432.";
const SENN: &str = "Senn S. Cross-over trials in clinical research. 2nd ed. Wiley 2002.";

pub(super) fn section(of: &Results) -> String {
    let mut text = Text::default();
    participants(&mut text);
    let are_compared =
        of.cpm.is_some() || of.pressure.is_some() || of.brain.is_some() || of.edges.is_some();
    if !of.ancova.rows.is_empty() {
        outcomes(&mut text, of);
    } else if are_compared {
        text.paragraph(&[model(of, "Each endpoint")]);
    }
    if of.responders.is_some() {
        responders(&mut text, of);
    }
    pain(&mut text, of);
    brain(&mut text, of);
    if of.plan.design == Design::Crossover || of.crossover.is_some() {
        text.paragraph(&[
            ("The crossover was analysed by each patient's difference of the periods d: treatment = (mean d of one sequence − mean d of the other) / 2, period = half their sum, by a two-sample t with n − 2 degrees of freedom.".to_owned(), &[SENN]),
            ("Beside it stands the estimate of a mixed model of every period that there is, with a level of each patient's own, by restricted maximum likelihood.".to_owned(), &[PATTERSON]),
            ("Carry-over is shown and no analysis was chosen by it.".to_owned(), &[FREEMAN]),
        ]);
    }
    safety(&mut text, of);
    text.paragraph(&[(
        format!(
            "Computed by boldly {} in double precision. p are two-sided; intervals are {}.",
            of.version,
            ci(of)
        ),
        &[],
    )]);
    text.html()
}

/// What enters beside arm, baseline and strata.
fn covariates(of: &Results) -> String {
    let names: Vec<String> = of.plan.covariates.iter().map(Covariate::called).collect();
    format!(
        ", with the covariate{} {} (numbers less their mean, a column for each level but the first; @change: endpoint − baseline), of those who have {}",
        if names.len() == 1 { "" } else { "s" },
        names.join(", "),
        if names.len() == 1 { "it" } else { "them all" }
    )
}

fn participants(text: &mut Text) {
    text.paragraph(&[
        ("Participants, exclusions and missing values are counted as CONSORT asks.".to_owned(), &[CONSORT]),
        ("Arms (of a crossover its sequences) before treatment are described by mean (SD), median [quartiles, type 7] or n (%), and by the standardised difference, (mean − mean) / √((s² + s²) / 2), without p.".to_owned(), &[]),
    ]);
}

/// The model that outcomes and every endpoint derived from runs, pain and brain are compared by.
fn model(of: &Results, what: &str) -> (String, &'static [&'static str]) {
    let [active, control] = arms(of);
    let (before, after) = (session(&of.plan.baseline), session(&of.plan.endpoint));
    let [all, some] = strata(of, of.one_level());
    let mut strata = match all.as_slice() {
        [] => String::new(),
        all => format!(", adjusted also for {}", all.join(" and ")),
    };
    if !some.is_empty() {
        strata += &format!(
            ", adjusted also for {} where those analysed have several levels (column adjusted_for of the tables)",
            some.join(" and ")
        );
    }
    let covariates = match of.plan.covariates.is_empty() {
        true => String::new(),
        false => covariates(of),
    };
    (
        format!(
            "{what} at {after} was compared by analysis of covariance: endpoint = b0 + b1 arm + b2 (value at {before} − its mean){strata}{covariates}. b1 is the adjusted difference, {active} minus {control}; least-squares means are taken at the mean baseline of those analysed."
        ),
        &[VICKERS],
    )
}

fn outcomes(text: &mut Text, of: &Results) {
    let mut ways: Vec<Missing> = of.ancova.rows.iter().map(|row| row.missing).collect();
    ways.sort_unstable();
    ways.dedup();
    let ways: Vec<&str> = ways.into_iter().map(way).collect();
    let main = of.ancova.rows.first().map_or("observed", |row| way(row.missing));
    let mut said: Vec<(String, &[&'static str])> = vec![
        model(of, "Each outcome"),
        ("Beside it stand the standard error by the HC3 rule, the test of arm × baseline (slopes differ), and the change scores compared by Welch's t.".to_owned(), &[HC3]),
        ("Hedges g = J d of the change, J = Γ(ν/2) / (√(ν/2) Γ((ν − 1)/2)), with limits of the noncentral t.".to_owned(), &[HEDGES, STEIGER]),
        (format!("Missing values: {main} in the primary analysis; shown: {}.", ways.join(", ")), &[]),
    ];
    if of.ancova.family.is_empty() {
        said.push(("No p is adjusted for the number of outcomes.".to_owned(), &[]));
    } else {
        said.push((
            "p of the primary family are adjusted by Holm's procedure.".to_owned(),
            &[HOLM],
        ));
    }
    if let Some(asked) = of.plan.permutations {
        said.push((format!("p by rearrangement: residuals of the model without the arm, rearranged {} times at most, seed {}.", asked.n, asked.seed), &[FREEDMAN]));
    }
    text.paragraph(&said);
}

fn responders(text: &mut Text, of: &Results) {
    let mut said: Vec<(String, &[&'static str])> = vec![
        (format!("Of all randomised, who lacks a part of a rule is a non-responder (baseline carried forward){}. A patient who is known to fail one part cannot respond, whatever another part would have been, and is counted apart among those who lack a value.", beside(of)), &[]),
        ("Risk differences have limits by Miettinen and Nurminen's score, and beside them Newcombe's.".to_owned(), &[MIETTINEN, NEWCOMBE]),
        ("Numbers needed to treat are written as Altman proposed, from the limits of the risk difference; p are Fisher's exact.".to_owned(), &[ALTMAN]),
    ];
    let part = of.responders.as_ref();
    if part.is_some_and(|part| part.rows.iter().any(|row| row.stratified.is_some())) {
        said.push((
            "Over strata the risk difference is that of Mantel and Haenszel with Sato's variance."
                .to_owned(),
            &[SATO],
        ));
    }
    text.paragraph(&said);
}

/// The rows of responders by other ways with missing values.
fn beside(of: &Results) -> String {
    let shows = |way| {
        let mut rows = of.responders.iter().flat_map(|part| &part.rows);
        rows.any(|row| row.missing == Some(way))
    };
    let ways = [
        (Missing::Locf, "all randomised with the last value carried forward"),
        (Missing::Observed, "those observed, who have every part"),
    ];
    let shown: Vec<&str> =
        ways.into_iter().filter(|(way, _)| shows(*way)).map(|(_, words)| words).collect();
    match shown.as_slice() {
        [] => String::new(),
        ways => format!("; beside it stand {}", ways.join(", and ")),
    }
}

fn pain(text: &mut Text, of: &Results) {
    if let Some(cpm) = &of.cpm {
        let mut said: Vec<(String, &[&'static str])> = vec![
            ("Conditioned pain modulation: absolute = mean before − mean with the conditioning stimulus (of thresholds the other way round), percentage = 100 absolute / mean before; inhibition is positive.".to_owned(), &[YARNITSKY]),
        ];
        if cpm.sem.is_some() {
            said.push(("A patient inhibits above 2 SEM √(2 / repetitions), the repetitions those behind a mean of that visit (their harmonic mean where patients differ), SEM the root of the mean variance within visits.".to_owned(), &[]));
        }
        if cpm.retest.is_some() {
            said.push(("Retest is ICC(A,1) in the control arm.".to_owned(), &[MCGRAW]));
        }
        text.paragraph(&said);
    }
    if let Some(pressure) = &of.pressure {
        let mut said: Vec<(String, &[&'static str])> = vec![(
            format!(
                "Pressure pain: of each patient and visit the straight line of rating on pressure, and the pressure at which it reaches {} with Fieller's limits; the same by isotonic regression.",
                pressure.target
            ),
            &[FIELLER, AYER],
        )];
        if !pressure.intensities.is_empty() {
            said.push(("The rating at each pressure was compared by analysis of covariance, p adjusted by Holm's procedure.".to_owned(), &[HOLM]));
        }
        if pressure.mean_change.is_some() {
            said.push(("The treatment and its interaction with pressure were tested by summary measures, each patient's mean change and slope of the change.".to_owned(), &[MATTHEWS]));
        }
        text.paragraph(&said);
    }
}

fn brain(text: &mut Text, of: &Results) {
    if let Some(part) = &of.brain {
        text.paragraph(&[(
            format!(
                "Regions{}: the interaction of arm and visit is the two-sample t of the change; beside it stands the analysis of covariance.",
                match part.values.is_empty() {
                    true => "",
                    false => ", each the mean of a map over its voxels that have a value (half of the region at least)",
                }
            ),
            &[],
        )]);
    }
    if let Some(part) = &of.edges {
        let several = match part.of_several_runs {
            0 => "",
            _ => ", the mean over the runs of a visit",
        };
        text.paragraph(&[(
            format!("Edges: Fisher's z of each pair of {} regions{several} at {} was compared given that at {} by the same analysis of covariance, p of all edges adjusted together (false discovery rate).", part.regions.len(), session(&of.plan.endpoint), session(&of.plan.baseline)),
            &[BENJAMINI],
        )]);
    }
    if of.networks.is_some() {
        text.paragraph(&[(
            "Networks: the mean of Fisher's z over the pairs of regions within each network and between two was compared alike, p of all of them adjusted together.".to_owned(),
            &[BENJAMINI],
        )]);
    }
    if !of.physiology.is_empty() {
        text.paragraph(&[(
            "Physiology, motion and signal: means of the runs of each visit, the arms' changes compared by two-sample t; p are not adjusted.".to_owned(),
            &[],
        )]);
    }
    if of.correlations.is_some() {
        text.paragraph(&[(
            format!("{}: partial correlation given the arm on its exact degrees of freedom, limits by Fisher's z; Spearman's with the standard error √((1 + r²/2) / (n − 3)), Kendall's τ-b with √(.437 / (n − 4)). No mediation was tested.", relations::title(of)),
            &[BONETT, FIELLER_1957],
        )]);
    }
}

fn safety(text: &mut Text, of: &Results) {
    if of.adverse_events.is_some() {
        text.paragraph(&[
            ("Adverse events count as treatment-emergent from the first day of treatment to 30 days after the last dose; a patient counts once in each row; denominators are all treated. Risk differences have Miettinen and Nurminen's limits and no p; the figure is that of Amit and others.".to_owned(), &[MIETTINEN, AMIT]),
        ]);
    }
    let has_curve =
        |part: &&Disposition| Arm::BOTH.into_iter().any(|arm| !part.arms.get(arm).curve.is_empty());
    if let Some(part) = of.disposition.as_ref().filter(has_curve) {
        let mut said: Vec<(String, &[&'static str])> = vec![(
            "Time to discontinuation: Kaplan and Meier's curve with log-log limits.".to_owned(),
            &[KAPLAN],
        )];
        if part.log_rank.is_some() {
            said.push(("Arms were compared by the log-rank test.".to_owned(), &[MANTEL]));
        }
        text.paragraph(&said);
    }
}
