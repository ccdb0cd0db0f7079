//! What a group's maps are decided by: adjusted p, true discoveries, tails of permutation, random fields, limits of effect sizes and mixed effects, and the counts
//! of a trial, each against an outside tool (tests/oracles/group_*.py, counts.py) and its properties.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;
mod group_stats_parts {
    mod effects;
    mod fields;
    mod mixed;
    mod p_values;
    mod proportions;
    mod survival;
}
