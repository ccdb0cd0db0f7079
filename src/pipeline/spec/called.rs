//! Images of runs by what their names say: `label-WM_mask` is that image of each run, in its space.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use crate::entity;

/// What the images of runs are called beyond their runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// Long names of entities, `suffix` among them, each with the value that it must have.
    pub asked: BTreeMap<String, Vec<String>>,
}

/// How it is spelled.
const AS: &str = "as in label-WM_mask or desc-eroded_label-WM_mask";

impl FromStr for Called {
    type Err = String;

    fn from_str(text: &str) -> Result<Called, String> {
        let is_word = |text: &str| !text.is_empty() && text.chars().all(char::is_alphanumeric);
        let (entities, suffix) = text.rsplit_once('_').unwrap_or(("", text));
        if !is_word(suffix) {
            return Err(format!(
                "it must say what the image of each run is called beyond its run, and end in its suffix, {AS}"
            ));
        }
        let mut asked = BTreeMap::from([("suffix".to_owned(), vec![suffix.to_owned()])]);
        for part in entities.split('_').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('-').unwrap_or((part, ""));
            let Some(long) = entity::long(key).filter(|_| !value.is_empty()) else {
                return Err(format!("{part} is no entity of BIDS with a value, {AS}"));
            };
            asked.insert(long.to_owned(), vec![value.to_owned()]);
        }
        Ok(Called { asked })
    }
}

/// Where the masks of runs are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MaskOfRuns {
    /// Each has its own.
    Called(Called),
    /// All have this.
    File(PathBuf),
}

impl FromStr for MaskOfRuns {
    type Err = String;

    fn from_str(text: &str) -> Result<MaskOfRuns, String> {
        let path = PathBuf::from(text);
        match text.contains(['/', '.', '\\']) || path.is_file() {
            true => Ok(MaskOfRuns::File(path)),
            false => text.parse().map(MaskOfRuns::Called),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_images_are_called_is_entities_and_a_suffix_and_else_a_file() {
        let asked = |text: &str| {
            let called: Called = text.parse().expect("a name");
            let all = called.asked.into_iter().map(|(key, values)| format!("{key}={}", values[0]));
            all.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(asked("label-WM_desc-eroded_mask"), "description=eroded label=WM suffix=mask");
        assert_eq!(asked("mask"), "suffix=mask");
        for (text, why) in [
            ("label-WM", "end in its suffix"),
            ("label-WM_", "end in its suffix"),
            ("tissue-WM_mask", "tissue-WM is no entity"),
            ("label-_mask", "label- is no entity of BIDS with a value"),
            ("", "end in its suffix"),
        ] {
            let said = text.parse::<Called>().expect_err(text);
            assert!(said.contains(why), "{text}: {said}");
        }
        let file = |text: &str| matches!(text.parse(), Ok(MaskOfRuns::File(_)));
        assert!(file("wm.nii.gz") && file("masks/wm") && !file("label-WM_mask"));
    }
}
