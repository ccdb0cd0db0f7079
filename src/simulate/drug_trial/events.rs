//! Adverse events: how many patients of each arm have each is fixed, who has it and when is chance.

use super::DrugTrialSpec;
use super::draws::{Draws, Topic};
use super::people::{ADVERSE, Arm, Patient, scaled};
use crate::table::Table;

const GUT: &str = "Gastrointestinal disorders";
const NERVES: &str = "Nervous system disorders";
const HEART: &str = "Cardiac disorders";
const INFECTIONS: &str = "Infections and infestations";

/// System organ class, preferred term, and who has it of 46 on placebo and on the drug.
const TERMS: [(&str, &str, [usize; 2]); 13] = [
    (GUT, "Nausea", [16, 35]),
    (GUT, "Constipation", [4, 9]),
    (GUT, "Vomiting", [4, 6]),
    (GUT, "Dry mouth", [0, 5]),
    (NERVES, "Headache", [11, 14]),
    (NERVES, "Dizziness", [4, 8]),
    ("Vascular disorders", "Hot flush", [0, 9]),
    (HEART, "Palpitations", [0, 7]),
    (HEART, "Tachycardia", [0, 5]),
    ("Skin and subcutaneous tissue disorders", "Hyperhidrosis", [0, 8]),
    ("Psychiatric disorders", "Insomnia", [4, 6]),
    (INFECTIONS, "Nasopharyngitis", [6, 5]),
    ("General disorders and administration site conditions", "Fatigue", [5, 5]),
];

/// An event of a patient.
struct Event {
    patient: usize,
    soc: &'static str,
    pt: &'static str,
    onset_day: i64,
    severity: &'static str,
    serious: &'static str,
    relation: &'static str,
    action: &'static str,
}

/// Patients with nausea on placebo and on the drug.
pub(super) fn nausea(spec: &DrugTrialSpec) -> [usize; 2] {
    TERMS[0].2.map(|of_46| scaled(of_46, spec.per_arm))
}

/// phenotype/adverse_events.tsv.
pub(super) fn events(spec: &DrugTrialSpec, patients: &[Patient]) -> Table {
    let mut events = Vec::new();
    for (term, (soc, pt, of_46)) in TERMS.into_iter().enumerate() {
        for arm in Arm::ALL {
            let mut draws = Draws::new(spec.seed, 2 * term + arm as usize, Topic::Events);
            let of_arm = (0..patients.len()).filter(|&at| patients[at].arm == arm).collect();
            let n = scaled(of_46[arm as usize], spec.per_arm);
            for (number, patient) in draws.shuffled(of_arm).into_iter().take(n).enumerate() {
                // The first of them has two episodes: a patient counts once.
                let twice = number == 0 || draws.uniform() < 0.2;
                for _ in 0..if twice { 2 } else { 1 } {
                    let days = patients[patient].last_day as usize;
                    let share = draws.uniform();
                    let severity = match share {
                        _ if share < 0.5 => "mild",
                        _ if share < 0.9 => "moderate",
                        _ => "severe",
                    };
                    let relation = if draws.uniform() < 0.7 { "related" } else { "not related" };
                    let onset_day = 1 + draws.below(days) as i64;
                    let (serious, action) = ("no", "none");
                    let event =
                        Event { patient, soc, pt, onset_day, severity, serious, relation, action };
                    events.push(event);
                }
            }
        }
    }
    events.extend(by_hand(patients));
    end_treatment(&mut events, patients);
    let row = |event: &Event| {
        let [soc, pt, severity] = [event.soc, event.pt, event.severity].map(str::to_owned);
        let [serious, relation, action] =
            [event.serious, event.relation, event.action].map(str::to_owned);
        let id = patients[event.patient].id.clone();
        vec![id, soc, pt, event.onset_day.to_string(), severity, serious, relation, action]
    };
    let columns = "participant_id soc pt onset_day severity serious relation action";
    Table {
        name: "adverse_events.tsv".to_owned(),
        columns: columns.split(' ').map(str::to_owned).collect(),
        rows: events.iter().map(row).collect(),
    }
}

/// One before the first dose, which treatment did not cause, and a serious one.
fn by_hand(patients: &[Patient]) -> [Event; 2] {
    let (relation, action) = ("not related", "none");
    let event = |patient, pt, onset_day, severity, serious| Event {
        patient,
        soc: INFECTIONS,
        pt,
        onset_day,
        severity,
        serious,
        relation,
        action,
    };
    let last = i64::from(patients[3].last_day);
    [
        event(0, "Influenza", -6, "moderate", "no"),
        event(3, "Pneumonia", last.min(40), "severe", "yes"),
    ]
}

/// Of those whom an event made leave, their last one.
fn end_treatment(events: &mut Vec<Event>, patients: &[Patient]) {
    let left = patients.iter().enumerate().filter(|(_, p)| p.reason == Some(ADVERSE));
    for (patient, who) in left {
        let own = events.iter_mut().filter(|e| e.patient == patient && e.onset_day > 0);
        match own.max_by_key(|event| event.onset_day) {
            Some(event) => (event.action, event.severity) = ("withdrawn", "severe"),
            None => events.push(Event {
                patient,
                soc: NERVES,
                pt: "Dizziness",
                onset_day: i64::from(who.last_day),
                severity: "moderate",
                serious: "no",
                relation: "related",
                action: "withdrawn",
            }),
        }
    }
}
