//! Who responded, by the rules of the plan.
