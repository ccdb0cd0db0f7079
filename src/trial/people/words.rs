//! The words in which participants.tsv tells who was randomised, who was treated and who completed.

use crate::trial::words::Words;

/// Put into an arm by chance.
pub(super) const RANDOMISED: Words = Words {
    yes: &["yes", "y", "true", "1", "randomised", "randomized"],
    no: &[
        "no",
        "n",
        "false",
        "0",
        "not randomised",
        "not randomized",
        "screening failure",
        "screen failure",
    ],
};

/// Had a dose.
pub(super) const TREATED: Words = Words {
    yes: &["yes", "y", "true", "1", "treated", "dosed"],
    no: &["no", "n", "false", "0", "not treated", "untreated", "not dosed", "never dosed"],
};

/// Was there to the end.
pub(super) const COMPLETED: Words = Words {
    yes: &["yes", "y", "true", "1", "completed", "completer"],
    no: &[
        "no",
        "n",
        "false",
        "0",
        "not completed",
        "did not complete",
        "left",
        "left early",
        "withdrew",
        "withdrawn",
        "discontinued",
        "dropped out",
    ],
};
