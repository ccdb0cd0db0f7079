//! The JSON beside each table: what its columns mean.

use serde_json::{Value, json};

/// Beside participants.tsv.
pub(super) fn participants() -> Value {
    json!({
        "arm": { "Description": "What the patient was randomised to", "Levels": {
            "drug": "a drug that acts as derivatives/truth/truth.json says", "placebo": "a placebo",
        } },
        "site": { "Description": "Centre; strata of the analysis" },
        "age": { "Description": "Age", "Units": "year" },
        "sex": { "Levels": { "F": "female", "M": "male" } },
        "randomised": { "Levels": { "yes": "", "no": "" } },
        "treated": { "Description": "Whether a dose was taken", "Levels": { "yes": "", "no": "" } },
        "last_day": { "Description": "Day of the last dose, 1 the day of the first", "Units": "day" },
        "completed": { "Levels": { "yes": "seen at the last visit", "no": "left before" } },
        "discontinuation_reason": { "Description": "Why treatment ended early; n/a for who completed" },
    })
}

/// Beside phenotype/questionnaires.tsv.
pub(super) fn questionnaires() -> Value {
    let score = |[name, what]: [&str; 2], range: [u32; 2], direction: &str| json!({ "LongName": name, "Description": what, "Range": range, "Direction": direction, "Units": format!("points of {}", range[1]) });
    let (lower, higher) = ("lower is better", "higher is better");
    json!({
        "MeasurementToolMetadata": { "Description": "Questionnaires of a simulated trial" },
        "nrs": score(["Pain (NRS)", "Pain of the last 24 h, numeric rating scale"], [0, 10], lower),
        "fiq": score(["FIQ", "Fibromyalgia Impact Questionnaire, total"], [0, 100], lower),
        "hads_anxiety": score(["HADS anxiety", "Hospital Anxiety and Depression Scale, anxiety"], [0, 21], lower),
        "hads_depression": score(["HADS depression", "Hospital Anxiety and Depression Scale, depression"], [0, 21], lower),
        "sf36_pcs": score(["SF-36 physical (PCS)", "SF-36, physical component summary"], [0, 100], higher),
        "pgic": {
            "Description": "Patient Global Impression of Change; asked at the last visit",
            "Levels": {
                "1": "very much improved", "2": "much improved", "3": "minimally improved", "4": "no change",
                "5": "minimally worse", "6": "much worse", "7": "very much worse",
            },
            "Direction": lower,
        },
    })
}

/// Beside phenotype/cpm.tsv.
pub(super) fn modulation() -> Value {
    let rating =
        |what: &str| json!({ "Description": what, "Range": [0, 100], "Units": "points of 100" });
    json!({
        "MeasurementToolMetadata": { "Description": "Conditioned pain modulation of a simulated trial" },
        "repetition": { "Description": "Number of the test stimulus before, and of that after" },
        "ts_pre": rating("Test stimulus before the conditioning stimulus"),
        "ts_post": rating("Test stimulus after the conditioning stimulus"),
        "cs_rating": rating("Conditioning stimulus, cold water"),
    })
}

/// Beside phenotype/pressure.tsv.
pub(super) fn pressure() -> Value {
    json!({
        "MeasurementToolMetadata": { "Description": "Pressure on the thumb nail in random order, of a simulated trial" },
        "pressure_kpa": { "Description": "Pressure", "Units": "kPa" },
        "rating": { "Description": "Pain", "Range": [0, 100], "Units": "points of 100" },
    })
}

/// Beside phenotype/adverse_events.tsv.
pub(super) fn events() -> Value {
    json!({
        "MeasurementToolMetadata": { "Description": "Adverse events of a simulated trial, a row an episode" },
        "soc": { "Description": "System organ class" },
        "pt": { "Description": "Preferred term" },
        "onset_day": { "Description": "Day of the onset, 1 the day of the first dose; before it below 1", "Units": "day" },
        "severity": { "Levels": { "mild": "", "moderate": "", "severe": "" } },
        "serious": { "Levels": { "yes": "", "no": "" } },
        "relation": { "Levels": { "related": "to the treatment", "not related": "to the treatment" } },
        "action": { "Levels": { "none": "", "withdrawn": "treatment ended" } },
    })
}
