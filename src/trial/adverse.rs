//! Adverse events: treatment-emergent ones, a patient once a row.
