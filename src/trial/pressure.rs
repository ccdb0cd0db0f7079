//! Pressure pain: stimulus and response.
