//! What people see.

mod colour;
pub mod demo;
pub mod figures;
pub mod group;
mod html;
pub mod matrix;
pub mod page;
pub mod picture;
pub mod qc;
pub mod statmap;
mod svg;
pub mod trial;
