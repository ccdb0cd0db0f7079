//! What became of the participants, and when they left.
