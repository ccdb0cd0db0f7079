//! TODO design
