//! The words in which tables tell how severe an event was, whether of the treatment, and what was done. Case and blanks do not matter.
//!
//! Source: CDISC's terminology (AESER, AESEV, AEREL, AEACN) and CTCAE's grades, with words that are common beside them.

use crate::trial::words::Words;

/// A row that counts the events of which a column says so.
pub(super) struct Summary {
    pub(super) column: &'static str,
    pub(super) row: &'static str,
    pub(super) words: Words,
}

/// In the order of the table.
pub(super) const SUMMARIES: [Summary; 4] = [
    Summary { column: "serious", row: "serious", words: SERIOUS },
    Summary { column: "severity", row: "severe", words: SEVERITY },
    Summary { column: "relation", row: "related", words: RELATION },
    Summary { column: "action", row: "led to discontinuation", words: ACTION },
];
/// Where the last of them stands: the event ended the treatment.
pub(super) const ENDED: usize = 3;

/// Serious by ICH E2A, as whoever reported it judged.
const SERIOUS: Words = Words {
    yes: &["yes", "y", "true", "1", "serious"],
    no: &["no", "n", "false", "0", "not serious", "non-serious", "nonserious"],
};

/// Severe or worse.
const SEVERITY: Words = Words {
    yes: &["severe", "life-threatening", "life threatening", "fatal", "death", "3", "4", "5"],
    no: &["mild", "moderate", "1", "2"],
};

/// Related, be it possibly.
const RELATION: Words = Words {
    yes: &[
        "related",
        "possibly related",
        "probably related",
        "definitely related",
        "possible",
        "probable",
        "definite",
        "certain",
        "yes",
        "y",
        "true",
        "1",
    ],
    no: &[
        "not related",
        "unrelated",
        "unlikely related",
        "unlikely to be related",
        "unlikely",
        "none",
        "no",
        "n",
        "false",
        "0",
    ],
};

/// The treatment was ended.
const ACTION: Words = Words {
    yes: &[
        "withdrawn",
        "drug withdrawn",
        "treatment withdrawn",
        "discontinued",
        "drug discontinued",
        "treatment discontinued",
        "study discontinued",
    ],
    no: &[
        "none",
        "no action",
        "dose not changed",
        "dose reduced",
        "dose increased",
        "dose rate reduced",
        "interrupted",
        "drug interrupted",
    ],
};
