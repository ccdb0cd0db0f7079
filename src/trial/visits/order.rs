//! In which order participants had their visits, by the rows of a table or by times.

use std::collections::BTreeMap;

use crate::trial::moment::Moment;

/// Sessions, and how each participant's rows have them follow each other.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::trial) struct Order {
    /// As the table first names them.
    pub sessions: Vec<String>,
    /// When each participant (a place in `People::all`) was at which, places in `sessions`; of rows their number stands for the time.
    of_people: BTreeMap<usize, Vec<(Moment, usize)>>,
}

/// Why rows or times do not say which sessions are between two.
#[derive(Debug, PartialEq)]
pub(super) enum Doubt {
    /// They have the later of the two before the earlier.
    Swapped,
    /// Some have these two one way and some the other: who has the first before the second, and who after it.
    Contradict([String; 2], [Vec<usize>; 2]),
    /// Nobody has rows that put these two in an order.
    Unknown([String; 2]),
}

impl Order {
    /// Of rows with the participant and the session of each.
    pub fn of_rows(sessions: &[String], places: &[usize], of_rows: &[String]) -> Order {
        let place = |name: &String| sessions.iter().position(|own| own == name).unwrap_or_default();
        let mut of_people: BTreeMap<usize, Vec<(Moment, usize)>> = BTreeMap::new();
        for (row, &person) in places.iter().enumerate() {
            let own = of_people.entry(person).or_default();
            let at = place(&of_rows[row]);
            if own.iter().all(|(_, known)| *known != at) {
                own.push((Moment::at(row as i64), at));
            }
        }
        Order { sessions: sessions.to_vec(), of_people }
    }

    /// By when each participant was at them; two that may have been at one time are in no order.
    pub fn of_times(sessions: &[String], times: &BTreeMap<(usize, String), Moment>) -> Order {
        let mut of_people: BTreeMap<usize, Vec<(Moment, usize)>> = BTreeMap::new();
        for ((person, session), time) in times {
            if let Some(at) = sessions.iter().position(|own| own == session) {
                of_people.entry(*person).or_default().push((*time, at));
            }
        }
        Order { sessions: sessions.to_vec(), of_people }
    }

    /// The sessions between two, in their order.
    ///
    /// # Errors
    /// Why that is not known.
    pub(super) fn between(&self, from: &str, to: &str) -> Result<Vec<String>, Doubt> {
        let place = |name: &str| self.sessions.iter().position(|own| own == name);
        let names = |at: [usize; 2]| at.map(|at| self.sessions[at].clone());
        let (Some(from), Some(to)) = (place(from), place(to)) else {
            return Err(Doubt::Unknown([from, to].map(str::to_owned)));
        };
        let n = self.sessions.len();
        let others: Vec<usize> = (0..n).filter(|&at| at != from && at != to).collect();
        self.agree([from, to])?;
        for &other in &others {
            self.agree([from, other])?;
            self.agree([other, to])?;
        }
        let before = self.before();
        match (before[from][to], before[to][from]) {
            (true, false) => {}
            (_, true) => return Err(Doubt::Swapped),
            (false, false) => return Err(Doubt::Unknown(names([from, to]))),
        }
        let mut between = Vec::new();
        for other in others {
            if before[other][from] || before[to][other] {
                // Through others it may be both.
                if before[from][other] && before[other][to] {
                    return Err(Doubt::Unknown(names([other, to])));
                }
            } else if before[from][other] && before[other][to] {
                between.push(other);
            } else {
                let unknown = if before[other][to] { [from, other] } else { [other, to] };
                return Err(Doubt::Unknown(names(unknown)));
            }
        }
        for (nth, &one) in between.iter().enumerate() {
            for &other in &between[nth + 1..] {
                self.agree([one, other])?;
                let is_ordered = before[one][other] || before[other][one];
                if !is_ordered && self.has_both(&names([one, other])) {
                    return Err(Doubt::Unknown(names([one, other])));
                }
            }
        }
        between.sort_by_key(|&at| between_before(&before, at));
        Ok(between.into_iter().map(|at| self.sessions[at].clone()).collect())
    }

    /// A session that is known not to lie as `between`, found otherwise, has it.
    pub(super) fn contradicts(&self, [from, to]: [&str; 2], between: &[String]) -> Option<&str> {
        let place = |name: &str| self.sessions.iter().position(|own| own == name);
        let (from, to, before) = (place(from)?, place(to)?, self.before());
        let found: Vec<usize> = between.iter().filter_map(|name| place(name)).collect();
        let is_other = |&at: &usize| match found.iter().position(|&other| other == at) {
            Some(nth) => {
                let is_late = found[..nth].iter().any(|&other| before[at][other]);
                before[at][from] || before[to][at] || is_late
            }
            None => at != from && at != to && before[from][at] && before[at][to],
        };
        (0..self.sessions.len()).find(is_other).map(|at| self.sessions[at].as_str())
    }

    /// Whether each participant's rows stand by the names of their sessions, as sorted tables do.
    pub(super) fn is_by_name(&self) -> bool {
        let is_sorted =
            |own: &Vec<(Moment, usize)>| own.is_sorted_by_key(|&(_, at)| &self.sessions[at]);
        self.of_people.values().all(is_sorted)
    }

    /// Refuse two that some have one way and some the other.
    fn agree(&self, [one, other]: [usize; 2]) -> Result<(), Doubt> {
        let both = [[one, other], [other, one]].map(|pair| self.who_has(pair));
        match both.iter().any(Vec::is_empty) {
            true => Ok(()),
            false => {
                let names = [one, other].map(|at| self.sessions[at].clone());
                Err(Doubt::Contradict(names, both))
            }
        }
    }

    /// Whose rows have the first before the second.
    fn who_has(&self, [first, second]: [usize; 2]) -> Vec<usize> {
        let is_so = |own: &[(Moment, usize)]| {
            time(own, first).zip(time(own, second)).is_some_and(|(one, other)| one.is_before(other))
        };
        self.of_people.iter().filter(|(_, own)| is_so(own)).map(|(&person, _)| person).collect()
    }

    /// Whether anybody has two sessions, by their names.
    pub(super) fn has_both(&self, both: &[String; 2]) -> bool {
        let place = |name: &String| self.sessions.iter().position(|own| own == name);
        let [one, other] = both.each_ref().map(place);
        one.zip(other).is_some_and(|(one, other)| {
            self.of_people.values().any(|own| time(own, one).and(time(own, other)).is_some())
        })
    }

    /// Which sessions are before which, by somebody's rows or through others, `[session][session]`.
    fn before(&self) -> Vec<Vec<bool>> {
        let n = self.sessions.len();
        let mut before = vec![vec![false; n]; n];
        for own in self.of_people.values() {
            for &(at, one) in own {
                let later = own.iter().filter(|(time, _)| at.is_before(*time));
                later.for_each(|&(_, other)| before[one][other] = true);
            }
        }
        for through in 0..n {
            for one in 0..n {
                for other in 0..n {
                    before[one][other] |= before[one][through] && before[through][other];
                }
            }
        }
        before
    }
}

/// When a session was.
fn time(own: &[(Moment, usize)], session: usize) -> Option<Moment> {
    own.iter().find(|(_, at)| *at == session).map(|(time, _)| *time)
}

/// How many are before a session.
fn between_before(before: &[Vec<bool>], at: usize) -> usize {
    before.iter().filter(|own| own[at]).count()
}
