//! Of `trial::pressure`.
