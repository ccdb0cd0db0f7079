//! Numbers for one person and one topic, drawn in turn. What one topic draws leaves all others as they are.

use crate::simulate::random::{Random, Stream};

/// What is drawn for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    /// For the trial as a whole, not for a person.
    Trial = 0,
    Person = 1,
    Brain = 2,
    Questionnaires = 3,
    Modulation = 4,
    Pressure = 5,
    Events = 6,
}

/// The numbers left.
pub(super) struct Draws {
    random: Random,
    next: u64,
}

impl Draws {
    pub(super) fn new(seed: u64, person: usize, topic: Topic) -> Draws {
        let next = (person as u64 * 16 + topic as u64) << 20;
        Draws { random: Random::new(seed, Stream::Person), next }
    }

    fn index(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// In (0, 1).
    pub(super) fn uniform(&mut self) -> f64 {
        let index = self.index();
        self.random.uniforms(index)[0]
    }

    /// Of mean 0 and standard deviation 1.
    pub(super) fn normal(&mut self) -> f64 {
        let index = self.index();
        self.random.normals(index)[0]
    }

    /// A whole number below `n`, which is at least 1.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// Every order is equally likely.
    pub(super) fn shuffled<T>(&mut self, mut items: Vec<T>) -> Vec<T> {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
        items
    }
}
