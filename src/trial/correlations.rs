//! Brain and behaviour: correlations given the arm.
