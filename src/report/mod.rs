//! What people see.

pub mod picture;
pub mod qc;
