//! When a visit was, as far as it is known: to the day where a date has no time.

/// From when to when a visit may have been, microseconds from any one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The first that it may be.
    pub from_us: i64,
    /// The last: of a time that itself, of a date the end of its day.
    pub to_us: i64,
}

impl Moment {
    /// A time that is known.
    #[must_use]
    pub fn at(us: i64) -> Moment {
        Moment { from_us: us, to_us: us }
    }

    /// Whether it was before another, whenever in its day either was.
    #[must_use]
    pub fn is_before(self, other: Moment) -> bool {
        self.to_us < other.from_us
    }

    /// What two say of one visit; none where they contradict each other.
    #[must_use]
    pub fn and(self, other: Moment) -> Option<Moment> {
        let (from_us, to_us) = (self.from_us.max(other.from_us), self.to_us.min(other.to_us));
        (from_us <= to_us).then_some(Moment { from_us, to_us })
    }
}
