//! Two periods, two sequences.
