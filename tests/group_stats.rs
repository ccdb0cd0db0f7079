//! What a group's maps and a trial's tables are decided by: adjusted p, true discoveries, tails of permutation, random fields, limits of effect sizes, mixed
//! effects, counts, curves and relations, each against an outside tool (tests/oracles/group_*.py, counts.py, curves.py) and its properties.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;
mod group_stats_parts {
    mod curves;
    mod effects;
    mod fields;
    mod logistic;
    mod mixed;
    mod p_values;
    mod proportions;
    mod survival;
}
