//! Least squares of small dense designs: rank, pseudo-inverse, estimability.
