//! Of `trial::disposition`.
