//! Counting rearrangements that tested contrasts tell apart, and listing them by number.

use super::classes::Classes;
use super::{Exchange, Flipped, Rearrangement};

/// A number of rearrangements: exact up to 2^128, its logarithm beyond.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Count {
    /// None where it exceeds what 128 bits hold.
    pub exact: Option<u128>,
    /// Natural logarithm.
    pub ln: f64,
}

impl Count {
    pub(super) fn one() -> Count {
        Count { exact: Some(1), ln: 0.0 }
    }

    pub(super) fn times(&mut self, n: u128) {
        self.exact = self.exact.and_then(|exact| exact.checked_mul(n));
        self.ln += (n as f64).ln();
    }

    pub(super) fn times_factorial(&mut self, n: usize) {
        (2..=n as u128).for_each(|k| self.times(k));
    }

    /// Divided by what divides it.
    pub(super) fn over(mut self, n: u128) -> Count {
        self.exact = self.exact.map(|exact| exact / n);
        self.ln -= (n as f64).ln();
        self
    }

    /// Orders of things of which some are alike.
    fn times_orders(&mut self, counts: &[usize]) {
        let mut n = 0_u128;
        for &count in counts {
            // Choose the places of these among all so far: every partial product is whole.
            let mut choices = Count::one();
            for k in 1..=count as u128 {
                choices.times(n + k);
                choices = choices.over(k);
            }
            n += count as u128;
            match choices.exact {
                Some(exact) => self.times(exact),
                None => {
                    self.exact = None;
                    self.ln += choices.ln;
                }
            }
        }
    }

    /// Whether it is at most `n`.
    #[must_use]
    pub fn at_most(&self, n: u64) -> bool {
        self.exact.is_some_and(|exact| exact <= u128::from(n))
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.exact {
            Some(exact) if exact < 1_000_000_000 => write!(f, "{exact}"),
            _ => {
                let log10 = self.ln / std::f64::consts::LN_10;
                let power = log10.floor();
                write!(f, "{:.1}e{power}", 10_f64.powf(log10 - power))
            }
        }
    }
}

/// The rearrangements R that differ in R [Xe Q], by number: P = R' differ in the statistic.
#[derive(Debug)]
pub(super) struct Distinct<'a> {
    exchange: &'a Exchange,
    classes: &'a Classes,
    /// `[block]` its codes up to what may be done inside it.
    kinds: Vec<Vec<i32>>,
}

impl<'a> Distinct<'a> {
    pub(super) fn new(exchange: &'a Exchange, classes: &'a Classes) -> Distinct<'a> {
        let kind = |rows: &Vec<u32>| classes.kind(codes(classes, rows), exchange);
        Distinct { exchange, classes, kinds: exchange.blocks.iter().map(kind).collect() }
    }

    pub(super) fn count(&self) -> Count {
        let mut count = Count::one();
        if self.exchange.exchanges_blocks() {
            for (_, blocks) in self.exchange.sizes() {
                count.times_orders(&repeats(blocks.iter().map(|&b| &self.kinds[b])));
            }
        }
        for (rows, kind) in self.exchange.blocks.iter().zip(&self.kinds) {
            if self.flips_block(kind) {
                count.times(2);
            }
            if self.exchange.exchanges_rows() {
                count.times_orders(&repeats(kind.iter()));
            }
            for _ in 0..self.flipping(rows) {
                count.times(2);
            }
        }
        count
    }

    /// The rearrangement of a number below [`Distinct::count`], which 128 bits hold.
    pub(super) fn get(&self, mut number: u128) -> Rearrangement {
        let mut digit = |radix: u128| {
            let digit = number % radix;
            number /= radix;
            digit
        };
        let exchange = self.exchange;
        let mut source: Vec<usize> = (0..exchange.blocks.len()).collect();
        if exchange.exchanges_blocks() {
            for (_, blocks) in exchange.sizes() {
                let kinds: Vec<&Vec<i32>> = blocks.iter().map(|&b| &self.kinds[b]).collect();
                let order = ordered(&kinds, &mut digit);
                blocks.iter().zip(order).for_each(|(&to, from)| source[to] = blocks[from]);
            }
        }
        let mut one = Rearrangement::identity(exchange.n_rows);
        for (rows, &source) in exchange.blocks.iter().zip(&source) {
            let from = &exchange.blocks[source];
            let flipped = self.flips_block(&self.kinds[source]) && digit(2) == 1;
            let order: Vec<usize> = match exchange.exchanges_rows() {
                true => {
                    let own = |&row: &u32| match exchange.flipped {
                        Flipped::Rows => self.classes.code[row as usize].abs(),
                        _ => self.classes.code[row as usize],
                    };
                    ordered(&from.iter().map(own).collect::<Vec<_>>(), &mut digit)
                }
                false => (0..from.len()).collect(),
            };
            for (&to, at) in rows.iter().zip(order) {
                one.from[to as usize] = from[at];
                let flips = exchange.flipped == Flipped::Rows
                    && self.classes.has_sign(self.classes.code[from[at] as usize])
                    && digit(2) == 1;
                one.sign[to as usize] = if flipped || flips { -1 } else { 1 };
            }
        }
        one
    }

    /// Whether the sign of a block of this kind makes a difference.
    fn flips_block(&self, kind: &Vec<i32>) -> bool {
        self.exchange.flipped == Flipped::Blocks
            && &self.classes.negated(kind, self.exchange) != kind
    }

    /// Rows of a block whose own sign makes a difference.
    fn flipping(&self, rows: &[u32]) -> usize {
        match self.exchange.flipped {
            Flipped::Rows => {
                codes(self.classes, rows).iter().filter(|&&c| self.classes.has_sign(c)).count()
            }
            _ => 0,
        }
    }
}

fn codes(classes: &Classes, rows: &[u32]) -> Vec<i32> {
    rows.iter().map(|&row| classes.code[row as usize]).collect()
}

/// How often each value occurs, by rising value.
fn repeats<T: Ord>(values: impl Iterator<Item = T>) -> Vec<usize> {
    let mut counts = std::collections::BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_insert(0) += 1);
    counts.into_values().collect()
}

/// The order of some digit of things of which some are alike: `[place]` the thing that comes there, those alike in their order.
fn ordered<T: Ord>(things: &[T], digit: &mut impl FnMut(u128) -> u128) -> Vec<usize> {
    let mut alike = std::collections::BTreeMap::<&T, Vec<usize>>::new();
    things
        .iter()
        .enumerate()
        .rev()
        .for_each(|(at, thing)| alike.entry(thing).or_default().push(at));
    let mut alike: Vec<Vec<usize>> = alike.into_values().collect();
    let mut total = Count::one();
    total.times_orders(&alike.iter().map(Vec::len).collect::<Vec<_>>());
    let mut total = total.exact.unwrap_or(1);
    let mut rank = digit(total);
    let mut order = Vec::with_capacity(things.len());
    for left in (1..=things.len() as u128).rev() {
        for group in &mut alike {
            let with = total * group.len() as u128 / left;
            if rank < with {
                order.extend(group.pop());
                total = with;
                break;
            }
            rank -= with;
        }
    }
    order
}
