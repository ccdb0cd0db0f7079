//! Of `trial::baseline`.
