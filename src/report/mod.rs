//! What people see.

pub mod analysis;
pub mod bids;
mod cells;
mod colour;
mod corrections;
pub mod demo;
mod design;
pub mod figures;
mod grid;
pub mod group;
mod html;
mod letters;
mod listing;
pub mod matrix;
pub mod methods;
pub mod notes;
pub mod page;
pub mod picture;
pub mod qc;
pub mod statmap;
mod svg;
pub mod trial;
pub mod viewer;
