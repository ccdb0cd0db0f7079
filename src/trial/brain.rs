//! The 2x2 of regions' values: arm x visit.
