//! TODO simulate
