//! Of `trial::cpm`.
