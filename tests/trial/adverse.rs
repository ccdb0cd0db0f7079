//! Of `trial::adverse`.
