//! Of `trial::crossover`.
