//! Of `trial::correlations`.
