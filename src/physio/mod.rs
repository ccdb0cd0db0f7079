//! TODO physio
