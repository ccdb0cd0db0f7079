//! Of `trial::brain`.
