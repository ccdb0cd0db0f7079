//! Results for the report: the ANCOVA of the simulated trial, every other part filled from the goldens and the tables, so that the page is tested without
//! the analyses that will fill it.

use std::collections::BTreeMap;

use boldly::stats::proportions::TwoArms;
use boldly::stats::survival::{Curve, LogRank, Time};
use boldly::trial::ancova::{Named, Pairs, analyse, compare};
use boldly::trial::results::*;
use boldly::trial::{
    Arm, ByArm, Column, CpmPlan, Direction, Missing, Notes, People, PressurePlan, Results,
};
use serde_json::Value;

use crate::study::{Study, golden, number, study};

/// The whole trial.
pub fn results() -> Results {
    let mut study = study();
    study.plan.primary = study.plan.outcomes.iter().map(|o| o.column.clone()).collect();
    study.plan.cpm = Some(CpmPlan {
        table: "cpm".to_owned(),
        pre: "ts_pre".to_owned(),
        post: "ts_post".to_owned(),
        threshold: false,
    });
    study.plan.pressure = Some(PressurePlan {
        table: "pressure".to_owned(),
        pressure: "pressure_kpa".to_owned(),
        rating: "rating".to_owned(),
        target: 50.0,
    });
    let mut notes = Notes::default();
    let people = study.people_noted(&mut notes).unwrap();
    let mut ancova = analyse(&study.plan, &people, &study.tables, &mut notes).unwrap();
    let labels = [
        "Pain, NRS",
        "Fibromyalgia impact, FIQ",
        "Anxiety, HADS",
        "Depression, HADS",
        "Physical health, SF-36 PCS",
    ];
    for (nth, outcome) in study.plan.outcomes.iter().enumerate() {
        let own = ancova.rows.iter_mut().filter(|r| r.outcome == outcome.column.to_string());
        own.for_each(|row| {
            (row.label, row.units) = (labels[nth].to_owned(), Some("points".to_owned()))
        });
    }
    notes.warn("3 completers lack pgic or sf36_pcs at ses-week13", people.ids()[..3].to_vec());
    notes.info("17 participants left the study before its end", people.ids()[..17].to_vec());
    Results {
        study: "Milnacipran in fibromyalgia, simulated".to_owned(),
        version: "0.1.0".to_owned(),
        arms: people.arms.clone(),
        flow: flow(&people, &ancova),
        populations: populations(&study, &people),
        baseline: baseline(),
        ancova,
        responders: Some(responders()),
        cpm: Some(cpm(&study, &people)),
        pressure: Some(pressure(&study, &people)),
        adverse_events: Some(adverse()),
        disposition: Some(disposition(&study)),
        brain: Some(brain(&study, &people)),
        correlations: Some(correlations(&study, &people)),
        crossover: Some(crossover()),
        notes,
        plan: study.plan,
    }
}

fn estimate(value: f64, low: f64, high: f64) -> Estimate {
    Estimate { value, se: None, low: Some(low), high: Some(high) }
}

fn get(value: &Value, name: &str) -> f64 {
    value[name].as_f64().unwrap_or_else(|| panic!("no {name}"))
}

fn flow(people: &People, ancova: &Ancova) -> Flow {
    let all = golden("disposition");
    let arms = ByArm::of(|arm| {
        let name = people.arms.get(arm).clone();
        let own = &all[&name];
        let whole = |v: &Value| v.as_u64().unwrap() as usize;
        let reasons = own["reasons"].as_object().unwrap();
        let analysed = ancova.rows.iter().filter(|row| row.missing == Missing::Observed);
        let analysed = analysed.map(|row| Analysed {
            label: row.label.clone(),
            missing: row.missing,
            n: *row.n.get(arm),
        });
        FlowOfArm {
            randomised: whole(&own["randomised"]),
            treated: whole(&own["randomised"]),
            not_treated: Vec::new(),
            completed: Some(whole(&own["completed"])),
            discontinued: Some(whole(&own["randomised"]) - whole(&own["completed"])),
            reasons: reasons.iter().map(|(why, n)| (why.clone(), whole(n))).collect(),
            analysed: analysed.collect(),
            name,
        }
    });
    Flow { listed: 92, arms, ..Flow::default() }
}

fn populations(study: &Study, people: &People) -> Populations {
    let row = |name: &str, definition: &str, active, control| Population {
        name: name.to_owned(),
        definition: definition.to_owned(),
        n: ByArm { active, control },
    };
    let mut missing = Vec::new();
    for outcome in &study.plan.outcomes {
        let visits = study.tables.visits(&outcome.column, people).unwrap();
        for session in [&study.plan.baseline, &study.plan.endpoint] {
            let values = visits.at(session).unwrap();
            let lack = ByArm::of(|arm| {
                people
                    .randomised(arm)
                    .into_iter()
                    .filter(|p| values[*p].is_none())
                    .collect::<Vec<_>>()
            });
            let left = |arm: Arm, is_left: bool| {
                let own = lack
                    .get(arm)
                    .iter()
                    .filter(|p| (people.all[**p].completed != Some(true)) == is_left);
                people.names(&own.copied().collect::<Vec<_>>())
            };
            missing.push(MissingRow {
                outcome: outcome.column.to_string(),
                label: outcome.column.column.clone(),
                session: session.clone(),
                expected: ByArm { active: 46, control: 46 },
                present: ByArm::of(|arm| 46 - lack.get(arm).len()),
                left: ByArm::of(|arm| left(arm, true)),
                lacking: ByArm::of(|arm| left(arm, false)),
            });
        }
    }
    let rows = vec![
        row(
            "randomised",
            "randomised to one of the arms: responders, with missing as non-response",
            46,
            46,
        ),
        row("treated", "of these with at least one dose: adverse events", 46, 46),
        row("completed", "of these in the study until its end", 35, 40),
    ];
    Populations { rows, missing }
}

fn baseline() -> Baseline {
    let all = golden("baseline");
    let mut rows = Vec::new();
    for (name, own) in all.as_object().unwrap() {
        let is_count = !own["active"].is_array();
        let summary = ByArm::of(|arm| {
            let v = &own[if arm == Arm::Active { "active" } else { "control" }];
            let at = |k: usize| v[k].as_f64();
            match is_count {
                true => Summary::Count {
                    count: (46.0 * v.as_f64().unwrap()).round() as usize,
                    share: v.as_f64(),
                },
                false => Summary::Number {
                    mean: at(0),
                    sd: at(1),
                    median: at(2),
                    q1: at(3),
                    q3: at(4),
                    least: None,
                    greatest: None,
                },
            }
        });
        rows.push(BaselineRow {
            variable: name.clone(),
            label: if is_count { "sex".to_owned() } else { name.clone() },
            level: is_count.then(|| name.clone()),
            units: (name == "age").then(|| "years".to_owned()),
            n: ByArm { active: 46, control: 46 },
            missing: ByArm { active: 0, control: usize::from(name == "fiq") },
            summary,
            standardised_difference: own["smd"].as_f64(),
        });
    }
    Baseline { rows }
}

fn limits(v: &Value, name: &str) -> Estimate {
    estimate(get(v, "rd"), v[name][0].as_f64().unwrap(), v[name][1].as_f64().unwrap())
}

fn responders() -> Responders {
    let names = [
        ("pain_only", "pain", "pain=questionnaires:nrs<=-30%"),
        ("pgic_only", "pgic", "questionnaires:pgic<=2"),
        ("pcs_only", "pcs", "pcs=questionnaires:sf36_pcs>=+6"),
        ("two_measure", "pain + pgic", "pain=questionnaires:nrs<=-30%; questionnaires:pgic<=2"),
        (
            "three_measure",
            "pain + pgic + pcs",
            "pain=questionnaires:nrs<=-30%; questionnaires:pgic<=2; pcs=questionnaires:sf36_pcs>=+6",
        ),
    ];
    let all = golden("responders");
    let mut rows = Vec::new();
    for (key, name, rule) in names {
        for (way, missing) in [("bocf", Missing::Bocf), ("observed", Missing::Observed)] {
            let (rule_golden, own) = (&all[key], &all[key][way]);
            let n = |name: &str| own[name].as_u64().unwrap() as usize;
            let ratio = |name: &str| {
                let v = &own[name];
                Some(estimate(
                    v[0].as_f64().unwrap(),
                    v[1].as_f64().unwrap(),
                    v[2].as_f64().unwrap(),
                ))
            };
            let is_bocf = missing == Missing::Bocf;
            rows.push(ResponderRow {
                name: name.to_owned(),
                rule: rule.to_owned(),
                n_parts: name.matches('+').count() + 1,
                missing: Some(missing),
                responders: ByArm { active: n("x1"), control: n("x0") },
                n: ByArm { active: n("n1"), control: n("n0") },
                risk_difference: Some(limits(own, "rd_miettinen_nurminen")),
                risk_difference_newcombe: Some(limits(own, "rd_newcombe")),
                p_score: Some(get(own, "p_score")),
                p_fisher: Some(get(own, "p_fisher")),
                odds_ratio: ratio("or_woolf"),
                risk_ratio: ratio("rr"),
                nnt: is_bocf.then(|| Nnt {
                    value: get(&rule_golden["nnt"], "nnt"),
                    text: rule_golden["nnt"]["text"].as_str().unwrap().to_owned(),
                }),
                worst_case: is_bocf.then(|| get(rule_golden, "worst_case_rd")),
                best_case: is_bocf.then(|| get(rule_golden, "best_case_rd")),
                ..ResponderRow::default()
            });
        }
    }
    Responders { rows }
}

/// A measure that is not in a table, compared as an outcome is.
fn compared(
    study: &Study,
    people: &People,
    named: [&str; 3],
    direction: Option<Direction>,
    values: &[Vec<Option<f64>>; 2],
) -> AncovaRow {
    let [outcome, label, units] = named.map(str::to_owned);
    let named = Named { outcome, label, units: Some(units), direction };
    let pairs = Pairs::new(people, &values[0], &values[1], Missing::Observed);
    compare(&named, &pairs, people, &study.plan).unwrap()
}

/// Rows of a table by participant and session.
fn by_visit(
    study: &Study,
    people: &People,
    table: &str,
    columns: [&str; 2],
) -> BTreeMap<(usize, String), Vec<[f64; 2]>> {
    let table = study.tables.get(table).unwrap();
    let places = table.people(people).unwrap();
    let sessions = table.sessions().unwrap();
    let [a, b] = columns.map(|c| table.numbers(c).unwrap());
    let mut out: BTreeMap<(usize, String), Vec<[f64; 2]>> = BTreeMap::new();
    for row in 0..places.len() {
        if let (Some(a), Some(b)) = (a[row], b[row]) {
            out.entry((places[row], sessions[row].clone())).or_default().push([a, b]);
        }
    }
    out
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let all: Vec<f64> = values.collect();
    all.iter().sum::<f64>() / all.len() as f64
}

fn cpm(study: &Study, people: &People) -> Cpm {
    let mut visits = Vec::new();
    let mut values = [vec![None; people.all.len()], vec![None; people.all.len()]];
    for ((place, session), rows) in by_visit(study, people, "cpm", ["ts_pre", "ts_post"]) {
        let (pre, post) = (mean(rows.iter().map(|r| r[0])), mean(rows.iter().map(|r| r[1])));
        values[usize::from(session == study.plan.endpoint)][place] = Some(pre - post);
        visits.push(CpmOfVisit {
            participant: people.all[place].id.clone(),
            arm: people.all[place].arm,
            session,
            pre,
            post,
            absolute: pre - post,
            percent: (pre > 0.0).then(|| 100.0 * (pre - post) / pre),
            n: rows.len(),
        });
    }
    let row = compared(
        study,
        people,
        ["cpm:absolute", "CPM, absolute", "points"],
        Some(Direction::Higher),
        &values,
    );
    Cpm {
        visits,
        ancova: vec![row],
        sem: Some(number("cpm/sem_of_test_stimulus")),
        n_repetitions: Some(3.0),
        cutoff: Some(number("cpm/inhibitor_cutoff_2sem_of_difference")),
        inhibitors: ByArm { active: 18, control: 11 },
        inhibitors_of: ByArm { active: 35, control: 40 },
        retest: Some(estimate(number("cpm/placebo_retest_icc_a1"), 0.16, 0.67)),
        expected_correlation: Some(-0.5236),
        undefined_percent: 1,
    }
}

fn pressure(study: &Study, people: &People) -> Pressure {
    let rows = by_visit(study, people, "pressure", ["pressure_kpa", "rating"]);
    let levels = [100.0, 160.0, 220.0, 280.0, 340.0, 400.0];
    let mut curves = Vec::new();
    let rated = |place: usize, session: &str, level: f64| {
        let own: Vec<f64> = rows
            .get(&(place, session.to_owned()))?
            .iter()
            .filter(|r| r[0] == level)
            .map(|r| r[1])
            .collect();
        (!own.is_empty()).then(|| mean(own.into_iter()))
    };
    for session in [&study.plan.baseline, &study.plan.endpoint] {
        for arm in Arm::BOTH {
            let at = |level: f64| {
                people
                    .randomised(arm)
                    .into_iter()
                    .filter_map(|p| rated(p, session, level))
                    .collect::<Vec<f64>>()
            };
            let rating = levels.iter().map(|level| {
                let own = at(*level);
                let m = mean(own.iter().copied());
                let sd = (own.iter().map(|v| (v - m).powi(2)).sum::<f64>()
                    / (own.len() as f64 - 1.0))
                    .sqrt();
                let half = 2.0 * sd / (own.len() as f64).sqrt();
                estimate(m, m - half, m + half)
            });
            curves.push(PressureCurve {
                arm,
                session: session.clone(),
                pressure: levels.to_vec(),
                rating: rating.collect(),
                n: levels.iter().map(|level| at(*level).len()).collect(),
            });
        }
    }
    let values = |level: f64| {
        [&study.plan.baseline, &study.plan.endpoint]
            .map(|s| (0..people.all.len()).map(|p| rated(p, s, level)).collect::<Vec<_>>())
    };
    let intensities = levels.map(|level| IntensityRow {
        pressure: level,
        ancova: compared(
            study,
            people,
            ["pressure:rating", "rating", "0–100"],
            Some(Direction::Lower),
            &values(level),
        ),
        p_holm: number(&format!("pressure/by_intensity/{level}/p_holm")),
    });
    let summary = |path: &str, [name, low, high]: [&str; 3]| {
        let own = golden(&format!("pressure/summary_measures/{path}"));
        Some(SummaryMeasure {
            n: ByArm { active: 35, control: 40 },
            difference: estimate(get(&own, name), get(&own, low), get(&own, high)),
            test: Test { statistic: get(&own, "t"), dof: Some(73.0), p: get(&own, "p") },
        })
    };
    Pressure {
        target: 50.0,
        visits: Vec::new(),
        curves,
        ancova: vec![compared(
            study,
            people,
            ["pressure:auc", "Area under the curve", "points"],
            Some(Direction::Lower),
            &values(340.0),
        )],
        intensities: intensities.to_vec(),
        mean_change: summary("mean_change", ["difference", "low", "high"]),
        treatment_by_intensity: summary(
            "treatment_by_intensity",
            ["difference_per_100kpa", "low_per_100kpa", "high_per_100kpa"],
        ),
    }
}

fn adverse() -> AdverseEvents {
    let text = std::fs::read_to_string(crate::study::folder().join("golden_ae_table.tsv")).unwrap();
    let mut rows = Vec::new();
    for (nth, line) in text.lines().skip(1).enumerate() {
        let cells: Vec<&str> = line.split('\t').collect();
        let at = |k: usize| cells[k].parse::<f64>().unwrap();
        let part = |k: usize| 0.01 * at(k);
        rows.push(AdverseRow {
            soc: cells[0].to_owned(),
            pt: (!cells[1].is_empty()).then(|| cells[1].to_owned()),
            is_summary: nth < 5,
            n: ByArm { active: at(2) as usize, control: at(4) as usize },
            share: ByArm { active: Some(part(3)), control: Some(part(5)) },
            events: ByArm { active: at(6) as usize, control: at(7) as usize },
            risk_difference: Some(estimate(part(8), part(9), part(10))),
            risk_difference_newcombe: Some(estimate(part(8), part(11), part(12))),
        });
    }
    AdverseEvents {
        treated: ByArm { active: 46, control: 46 },
        rows,
        before: ByArm { active: 1, control: 0 },
        after: ByArm { active: 0, control: 2 },
    }
}

fn disposition(study: &Study) -> Disposition {
    let table = &study.participants;
    let (arm, day, done) = (
        table.texts("arm").unwrap(),
        table.numbers("last_day").unwrap(),
        table.flags("completed").unwrap(),
    );
    let times = ByArm::of(|of| {
        let name = if of == Arm::Active { "milnacipran" } else { "placebo" };
        let own = (0..arm.len()).filter(|row| arm[*row].as_deref() == Some(name));
        own.map(|row| Time { at: day[row].unwrap(), event: done[row] != Some(true) })
            .collect::<Vec<_>>()
    });
    let arms = ByArm::of(|of| {
        let curve = Curve::of(times.get(of), 0.95);
        let left = times.get(of).iter().filter(|t| t.event).count();
        DispositionOfArm {
            randomised: 46,
            treated: 46,
            completed: 46 - left,
            discontinued: left,
            curve: curve
                .steps
                .iter()
                .map(|s| SurvivalStep {
                    day: s.at,
                    at_risk: s.at_risk,
                    events: s.events,
                    censored: times.get(of).iter().filter(|t| !t.event && t.at == s.at).count(),
                    share: Estimate {
                        value: s.survival,
                        se: s.se,
                        low: s.limits.map(|l| l.low),
                        high: s.limits.map(|l| l.high),
                    },
                })
                .collect(),
        }
    });
    let log_rank = LogRank::of(&times.active, &times.control).unwrap();
    let ae = TwoArms::of([8, 46], [2, 46]);
    let rd = ae.miettinen_nurminen(0.95).unwrap();
    Disposition {
        arms,
        reasons: vec![
            (
                "adverse event".to_owned(),
                ByArm { active: 8, control: 2 },
                Some(estimate(ae.difference().unwrap(), rd.low, rd.high)),
            ),
            ("lack of efficacy".to_owned(), ByArm { active: 1, control: 3 }, None),
        ],
        log_rank: Some(Test { statistic: log_rank.chi_square, dof: Some(1.0), p: log_rank.p }),
    }
}

fn brain(study: &Study, people: &People) -> Brain {
    let rows = ["pag_pain", "precuneus_pain", "insula_dmn_z"].map(|region| {
        let column: Column = format!("brain:{region}").parse().unwrap();
        let visits = study.tables.visits(&column, people).unwrap();
        let values = [&study.plan.baseline, &study.plan.endpoint].map(|s| visits.at(s).unwrap());
        let unit = if region.ends_with('z') { "Fisher z" } else { "% signal" };
        let own = golden(&format!("mixed_2x2/{region}/interaction"));
        BrainRow {
            region: region.to_owned(),
            n: ByArm { active: 35, control: 40 },
            interaction: estimate(get(&own, "difference"), get(&own, "low"), get(&own, "high")),
            interaction_test: Test {
                statistic: get(&own, "t"),
                dof: own["dof"].as_f64(),
                p: get(&own, "p"),
            },
            partial_eta_square: get(&own, "partial_eta2"),
            visit: estimate(0.01, -0.02, 0.04),
            visit_test: Test { statistic: 0.6, dof: Some(73.0), p: 0.55 },
            arm: estimate(0.02, -0.03, 0.07),
            arm_test: Test { statistic: 0.8, dof: Some(73.0), p: 0.43 },
            ancova: compared(
                study,
                people,
                [&format!("brain:{region}"), region, unit],
                None,
                &values,
            ),
        }
    });
    Brain { rows: rows.to_vec() }
}

fn correlations(study: &Study, people: &People) -> Correlations {
    let own = golden("correlations/insula_dmn_change_vs_pain_relief");
    let change = |name: &str| {
        let visits = study.tables.visits(&name.parse::<Column>().unwrap(), people).unwrap();
        let (a, b) =
            (visits.at(&study.plan.baseline).unwrap(), visits.at(&study.plan.endpoint).unwrap());
        a.into_iter().zip(b).map(|(a, b)| Some(b? - a?)).collect::<Vec<_>>()
    };
    let (x, y) = (change("brain:insula_dmn_z"), change("questionnaires:nrs"));
    let points = (0..x.len()).filter_map(|p| {
        Some(CorrelationPoint {
            participant: people.all[p].id.clone(),
            arm: people.all[p].arm?,
            first: x[p]?,
            second: -y[p]?,
        })
    });
    let coefficient = |n: usize, v: &Value, r: &str| Correlation {
        n,
        r: estimate(get(v, r), get(v, "low"), get(v, "high")),
        test: Test { statistic: get(v, "t"), dof: v["dof"].as_f64(), p: get(v, "p") },
    };
    let row = CorrelationRow {
        relation: "brain:insula_dmn_z~questionnaires:nrs".to_owned(),
        first: "change of insula_dmn_z (Fisher z)".to_owned(),
        second: "pain relief (points)".to_owned(),
        given_arm: Some(coefficient(73, &own["partial"], "r")),
        given: vec!["arm".to_owned(), "mean_fd".to_owned()],
        pooled: Some(coefficient(73, &own, "pearson")),
        by_arm: ByArm::of(|arm| {
            let (key, n) = if arm == Arm::Active { ("active", 33) } else { ("control", 40) };
            Some(coefficient(n, &own["by_arm"][key], "pearson"))
        }),
        spearman: None,
        slopes_differ: Some(SlopesDiffer {
            slopes: ByArm { active: -0.8, control: -1.9 },
            test: Test { statistic: 0.378, dof: Some(69.0), p: 0.706 },
        }),
        exploratory: false,
        points: points.collect(),
    };
    let mut other = row.clone();
    other.relation = "brain:pag_pain~cpm".to_owned();
    other.first = "baseline of insula_dmn_z (Fisher z)".to_owned();
    Correlations { rows: vec![row, other] }
}

fn crossover() -> Crossover {
    let all = golden("crossover");
    let row = |analysis: &str, effect: &str, v: &Value| CrossoverRow {
        analysis: analysis.to_owned(),
        effect: effect.to_owned(),
        estimate: estimate(get(v, "value"), get(v, "low"), get(v, "high")),
        test: Test { statistic: get(v, "t"), dof: Some(19.0), p: get(v, "p") },
        shown_only: effect == "carry-over",
    };
    let change = &all["change_from_period_baseline"];
    Crossover {
        control: "placebo".to_owned(),
        active: "milnacipran".to_owned(),
        sequences: vec![("AB".to_owned(), 11), ("BA".to_owned(), 10)],
        dropped: ["sub-06", "sub-11", "sub-18"].map(str::to_owned).to_vec(),
        rows: vec![
            row("outcome", "treatment", &all["treatment_A_minus_B"]),
            row("outcome", "period", &all["period_1_minus_2"]),
            row("outcome", "carry-over", &all["carry_over_lambda_A_minus_B"]),
            row("change from period baseline", "treatment", &change["treatment_A_minus_B"]),
            row("change from period baseline", "period", &change["period_1_minus_2"]),
        ],
    }
}
