//! Of `trial::tables`.
