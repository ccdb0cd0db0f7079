//! Conditioned pain modulation.
