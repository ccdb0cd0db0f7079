//! What people see.

pub mod picture;
