//! Of `trial::rule`.
