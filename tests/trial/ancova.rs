//! Of `trial::ancova`.
