//! Of `trial::responders`.
