//! Options of `boldly glm` that have no meaning for the many runs of a model, each with what does the same in `boldly bids`.

/// An option's name without dashes, and why it is none of `boldly bids`.
pub(super) const UNLIKE_GLM: [(&str, &str); 26] = [
    (
        "events",
        "the events of each run are found by its name in the raw dataset, from its root down",
    ),
    ("design", "the model makes the design of each run: its columns are those of Model.X"),
    (
        "confounds",
        "the confounds of each run are found beside its image, and Model.X names their columns",
    ),
    ("columns", "Model.X of the model names the columns, patterns too: \"trans_*\""),
    (
        "censor-volumes",
        "volumes are left out by rules (--censor fd:0.5,dvars:1.5), or each by a column of the confounds in Model.X: \"motion_outlier*\"",
    ),
    ("mask", "the brain mask beside each image is taken, and Model.Options.Mask names another"),
    ("tr", "RepetitionTime is that of each image's own files: mend it there"),
    ("slice-times", "SliceTiming of each image's own sidecars is taken: mend it there"),
    ("sidecar", "the sidecars of each image are found by its name"),
    ("echoes", ONE_IMAGE),
    ("echo-times", ONE_IMAGE),
    ("echo-mask", ONE_IMAGE),
    ("echo-fit", ONE_IMAGE),
    (
        "peaks",
        "beats are found in each recording anew; boldly glm fits a run with peaks that were corrected by hand",
    ),
    (
        "spent",
        "what a correction spent is looked for: in Sources of each image's JSON, and in the raw dataset's derivatives",
    ),
    ("choose-order", "runs would differ in their columns; --terms names one order for all"),
    ("skip-missing", "--missing-contrast skip does so"),
    ("trial-type", "Factor of the model names the column of conditions"),
    (
        "modulate",
        "Convolve of the model takes any column of the events; Demean centres it, Product joins it to a condition",
    ),
    ("durations", "Assign of the model puts another column in the place of duration"),
    (
        "na",
        "n/a in a column of X is 0, and in the first row of framewise displacement and DVARS their mean; --missing-variable is about columns that are not there",
    ),
    ("hrf", "Convolve or Model.HRF of the model names the response"),
    ("maps", "R² and the like are always written"),
    ("report", "pages are always written: sub-X.html and node-NAME.html"),
    ("verify", "boldly verify OUT runs every unit again"),
    ("out", "the folder of results is the second word: boldly bids BIDS_DIR OUT participant"),
];

/// Of echoes.
const ONE_IMAGE: &str = "each run is one image: take the combination of the echoes that preprocessing made (desc-preproc), or fit the run by boldly glm, which combines them";
