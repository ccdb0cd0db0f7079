//! The JSON beside each table: what its columns mean.

use serde_json::json;

use crate::table::dictionary::{DataDictionary, Entry};

const LOWER: &str = "lower is better";
const HIGHER: &str = "higher is better";
const YES: &str = "it is so";
const NO: &str = "it is not";

/// Of a table of an instrument. `what`: what the whole is.
fn measured(what: &str) -> DataDictionary {
    DataDictionary::default()
        .fact("MeasurementToolMetadata", json!({ "Description": what }))
        .column("participant_id", "The patient")
        .column("session_id", "The visit")
}

/// Points from 0 to `most`.
fn points(description: &str, most: u32) -> Entry {
    Entry::of(description).with("Range", vec![0, most]).in_units(&format!("points of {most}"))
}

/// Beside participants.tsv.
pub(super) fn participants() -> DataDictionary {
    let arms = [
        ("drug", "a drug that acts as derivatives/truth/truth.json says"),
        ("placebo", "a placebo"),
    ];
    let yes_or_no = [("yes", YES), ("no", NO)];
    let completed = [("yes", "seen at the last visit"), ("no", "left before")];
    let last_day = "Day of the last dose, 1 the day of the first";
    DataDictionary::default()
        .column("participant_id", "The patient")
        .column("arm", Entry::of("What the patient was randomised to").levels(&arms))
        .column("site", "Centre; strata of the analysis")
        .column("age", Entry::of("Age").in_units("year"))
        .column("sex", Entry::of("Sex").levels(&[("F", "female"), ("M", "male")]))
        .column("randomised", Entry::of("Whether the patient was randomised").levels(&yes_or_no))
        .column("treated", Entry::of("Whether a dose was taken").levels(&yes_or_no))
        .column("last_day", Entry::of(last_day).in_units("day"))
        .column(
            "completed",
            Entry::of("Whether the patient completed the trial").levels(&completed),
        )
        .column("discontinuation_reason", "Why treatment ended early; n/a for who completed")
}

/// Beside phenotype/questionnaires.tsv.
pub(super) fn questionnaires() -> DataDictionary {
    let score = |[name, what]: [&str; 2], most: u32, direction: &str| {
        points(what, most).called(name).with("Direction", direction)
    };
    let nrs = ["Pain (NRS)", "Pain of the last 24 h, numeric rating scale"];
    let fiq = ["FIQ", "Fibromyalgia Impact Questionnaire, total"];
    let anxiety = ["HADS anxiety", "Hospital Anxiety and Depression Scale, anxiety"];
    let depression = ["HADS depression", "Hospital Anxiety and Depression Scale, depression"];
    let pcs = ["SF-36 physical (PCS)", "SF-36, physical component summary"];
    let pgic = [
        ("1", "very much improved"),
        ("2", "much improved"),
        ("3", "minimally improved"),
        ("4", "no change"),
        ("5", "minimally worse"),
        ("6", "much worse"),
        ("7", "very much worse"),
    ];
    let pgic =
        Entry::of("Patient Global Impression of Change; asked at the last visit").levels(&pgic);
    measured("Questionnaires of a simulated trial")
        .column("nrs", score(nrs, 10, LOWER))
        .column("fiq", score(fiq, 100, LOWER))
        .column("hads_anxiety", score(anxiety, 21, LOWER))
        .column("hads_depression", score(depression, 21, LOWER))
        .column("sf36_pcs", score(pcs, 100, HIGHER))
        .column("pgic", pgic.with("Direction", LOWER))
}

/// Beside phenotype/cpm.tsv.
pub(super) fn modulation() -> DataDictionary {
    measured("Conditioned pain modulation of a simulated trial")
        .column("repetition", "Number of the test stimulus before, and of that after")
        .column("ts_pre", points("Test stimulus before the conditioning stimulus", 100))
        .column("ts_post", points("Test stimulus after the conditioning stimulus", 100))
        .column("cs_rating", points("Conditioning stimulus, cold water", 100))
}

/// Beside phenotype/pressure.tsv.
pub(super) fn pressure() -> DataDictionary {
    measured("Pressure on the thumb nail in random order, of a simulated trial")
        .column("pressure_kpa", Entry::of("Pressure").in_units("kPa"))
        .column("rating", points("Pain", 100))
}

/// Beside phenotype/adverse_events.tsv.
pub(super) fn events() -> DataDictionary {
    let severities = [
        ("mild", "noticed, does not disturb"),
        ("moderate", "disturbs what one does"),
        ("severe", "keeps from it"),
    ];
    let relations = [("related", "to the treatment"), ("not related", "to the treatment")];
    let actions = [("none", "treatment went on"), ("withdrawn", "treatment ended")];
    let onset_day = "Day of the onset, 1 the day of the first dose; before it below 1";
    measured("Adverse events of a simulated trial, a row an episode")
        .column("soc", "System organ class")
        .column("pt", "Preferred term")
        .column("onset_day", Entry::of(onset_day).in_units("day"))
        .column("severity", Entry::of("Severity").levels(&severities))
        .column("serious", Entry::of("Whether it was serious").levels(&[("yes", YES), ("no", NO)]))
        .column("relation", Entry::of("Whether it is related").levels(&relations))
        .column("action", Entry::of("What was done about the treatment").levels(&actions))
}

/// Beside derivatives/truth/visits.tsv.
pub(super) fn visits() -> DataDictionary {
    let percent = "percent signal change";
    DataDictionary::of("What each visit's runs contain")
        .column("participant_id", "The patient")
        .column("session_id", "The visit")
        .column(
            "pag_pain",
            Entry::of("Response to pain in the periaqueductal grey").in_units(percent),
        )
        .column(
            "insula_pain",
            Entry::of("Response to pain in the anterior insula, mean of both sides")
                .in_units(percent),
        )
        .column(
            "insula_dmn_r",
            "Correlation of the slow signals of insula and default mode network, without noise",
        )
        .column("heart_rate", Entry::of("Heart rate").in_units("beats/min"))
}
