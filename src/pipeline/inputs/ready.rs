//! Which columns of a ready design are no task: its table does not say, but their names do where they are those that other tools
//! give.

/// How names begin that fMRIPrep, FSL, AFNI, nilearn and boldly give to confounds and drift, in small letters. None that a
/// condition may well have (`motion`, `wm`, `resp`): what is taken for a confound is not held against the physiology.
const BEGINNINGS: [&str; 25] = [
    "trans_",
    "rot_",
    "motion_outlier",
    "a_comp_cor",
    "t_comp_cor",
    "c_comp_cor",
    "w_comp_cor",
    "edge_comp",
    "csf",
    "white_matter",
    "global_signal",
    "framewise_displacement",
    "dvars",
    "std_dvars",
    "rmsd",
    "non_steady_state",
    "cosine",
    "drift_",
    "cardiac_cos",
    "cardiac_sin",
    "resp_cos",
    "resp_sin",
    "rvt_rrf",
    "rv_rrf",
    "hr_crf",
];
/// Whole names, in small letters.
const NAMES: [&str; 9] = ["constant", "intercept", "roll", "pitch", "yaw", "ds", "dl", "dp", "fd"];

/// The columns that are confounds or drift by their names; also SPM's R1, R2, ...
#[must_use]
pub fn nuisance(names: &[String]) -> Vec<String> {
    let is_nuisance = |name: &&String| {
        let name = name.to_lowercase();
        let is_spm = name
            .strip_prefix('r')
            .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        is_spm
            || NAMES.contains(&name.as_str())
            || BEGINNINGS.iter().any(|start| name.starts_with(start))
    };
    names.iter().filter(is_nuisance).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confounds_are_told_from_conditions_by_the_names_that_tools_give() {
        let of = |names: &str| {
            nuisance(&names.split(' ').map(str::to_owned).collect::<Vec<_>>()).join(" ")
        };
        let nuisance = "trans_x rot_z_derivative1 a_comp_cor_00 csf CSF white_matter R1 R24 cosine03 drift_1 constant motion_outlier00 \
                        framewise_displacement std_dvars cardiac_cos1 resp_sin2";
        let expected = nuisance.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(of(&expected), expected);
        assert_eq!(of("pain rest motion wm response resp_left drifting r1x roll_call"), "");
    }
}
