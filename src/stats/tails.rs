//! Upper tails of t, F and the normal in log space.
