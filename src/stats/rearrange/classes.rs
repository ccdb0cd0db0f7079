//! Which rows of the tested contrasts are alike, and what may be done to their classes without changing a statistic.
//!
//! The statistic of a rearrangement P = R' depends on R [Xe Q] alone. Rows are coded: ±(class + 1) by their values up to sign, a row
//! of zeros always plus. A symmetry is a map of the classes, with signs, that keeps all products of rows of Xe and of Q: it
//! changes |g| and |h| for no data, and t by one sign.

use ndarray::{Array2, ArrayView1};

use super::{Exchange, Flipped, Rearrangement, Tested};

/// Values of rows of orthonormal columns that differ by less are equal.
const SAME: f64 = 1e-9;
/// Classes up to which all maps are tried (2^5 5! of them).
const MOST: usize = 5;

/// The rows of tested contrasts by value.
#[derive(Debug, Clone)]
pub(super) struct Classes {
    /// `[row]`
    pub(super) code: Vec<i32>,
    /// `[class]` whether it is of zeros, which have no sign.
    signless: Vec<bool>,
}

/// `[class]` the code it becomes, and whether t changes its sign.
#[derive(Debug, Clone)]
pub(super) struct Symmetry {
    to: Vec<i32>,
    pub(super) negates: bool,
}

impl Classes {
    pub(super) fn new(tested: &[Tested]) -> (Classes, Vec<Symmetry>) {
        let all: Vec<Array2<f64>> = tested.iter().map(Tested::rows).collect();
        let n_rows = all.first().map_or(0, Array2::nrows);
        let mut first: Vec<usize> = Vec::new();
        let mut code = Vec::with_capacity(n_rows);
        for row in 0..n_rows {
            let is = |other: usize, sign: f64| {
                same_group(tested, row, other)
                    && all.iter().all(|m| near(m.row(row), m.row(other), sign))
            };
            let known = first.iter().enumerate().find_map(|(class, &other)| {
                let plus = is(other, 1.0).then_some(class as i32 + 1);
                plus.or_else(|| is(other, -1.0).then_some(-(class as i32 + 1)))
            });
            code.push(known.unwrap_or_else(|| {
                first.push(row);
                first.len() as i32
            }));
        }
        let zero = |&row: &usize| all.iter().all(|m| m.row(row).iter().all(|v| v.abs() < SAME));
        let classes = Classes { code, signless: first.iter().map(zero).collect() };
        let symmetries = symmetries(tested, &all, &first);
        (classes, symmetries)
    }

    /// The codes of R [Xe Q].
    pub(super) fn key(&self, one: &Rearrangement) -> Vec<i32> {
        let signed = |(&from, &sign): (&u32, &i8)| self.signed(self.code[from as usize], sign);
        one.from.iter().zip(&one.sign).map(signed).collect()
    }

    /// A code with a sign, where it has one.
    pub(super) fn signed(&self, code: i32, sign: i8) -> i32 {
        if self.signless[code.unsigned_abs() as usize - 1] { code } else { code * i32::from(sign) }
    }

    pub(super) fn has_sign(&self, code: i32) -> bool {
        !self.signless[code.unsigned_abs() as usize - 1]
    }

    /// What a list of codes becomes.
    pub(super) fn mapped(&self, codes: &[i32], symmetry: &Symmetry) -> Vec<i32> {
        let of = |&code: &i32| {
            self.signed(symmetry.to[code.unsigned_abs() as usize - 1], code.signum() as i8)
        };
        codes.iter().map(of).collect()
    }

    /// What all rearrangements of these codes have in common and no others: equal for two lists that become each other.
    pub(super) fn orbit(&self, codes: &[i32], exchange: &Exchange) -> Vec<Vec<i32>> {
        let mut blocks: Vec<Vec<i32>> = exchange
            .blocks
            .iter()
            .map(|rows| self.kind(rows.iter().map(|&row| codes[row as usize]).collect(), exchange))
            .collect();
        if exchange.exchanges_blocks() {
            for (_, of_size) in exchange.sizes() {
                let mut kinds: Vec<_> = of_size.iter().map(|&b| blocks[b].clone()).collect();
                kinds.sort_unstable();
                of_size.iter().zip(kinds).for_each(|(&b, kind)| blocks[b] = kind);
            }
        }
        blocks
    }

    /// A block's codes up to what may be done inside it.
    pub(super) fn kind(&self, mut codes: Vec<i32>, exchange: &Exchange) -> Vec<i32> {
        if exchange.flipped == Flipped::Rows {
            codes.iter_mut().for_each(|code| *code = code.abs());
        }
        let negated = self.negated(&codes, exchange);
        if exchange.exchanges_rows() {
            codes.sort_unstable();
        }
        if exchange.flipped == Flipped::Blocks { codes.min(negated) } else { codes }
    }

    /// A block's codes with the other sign, in order where their order does not matter.
    pub(super) fn negated(&self, codes: &[i32], exchange: &Exchange) -> Vec<i32> {
        let mut negated: Vec<i32> = codes.iter().map(|&code| self.signed(code, -1)).collect();
        if exchange.exchanges_rows() {
            negated.sort_unstable();
        }
        negated
    }
}

fn near(a: ArrayView1<f64>, b: ArrayView1<f64>, sign: f64) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - sign * b).abs() < SAME)
}

fn same_group(tested: &[Tested], a: usize, b: usize) -> bool {
    tested.iter().filter_map(|t| t.variances.as_ref()).all(|v| v.group_of[a] == v.group_of[b])
}

/// The maps that keep products of rows, each test's t by the same sign; the one that changes nothing is the first.
fn symmetries(tested: &[Tested], all: &[Array2<f64>], first: &[usize]) -> Vec<Symmetry> {
    let n = first.len() as i32;
    let unequal = tested.iter().any(|t| t.variances.is_some());
    let candidates = match first.len() {
        1..=MOST if !unequal => signed_orders(n),
        _ => vec![(1..=n).collect(), (1..=n).map(|code| -code).collect()],
    };
    let mut found = Vec::new();
    for to in candidates {
        let row = |class: usize| {
            let code: i32 = to[class];
            (first[code.unsigned_abs() as usize - 1], f64::from(code.signum()))
        };
        let keeps = |test: &Tested, m: &Array2<f64>| {
            let q = test.q();
            let product = |a: usize, b: usize, from: usize, end: usize| {
                (from..end).map(|c| m[[a, c]] * m[[b, c]]).sum::<f64>()
            };
            (0..first.len()).all(|a| {
                (0..=a).all(|b| {
                    let ((a_to, a_sign), (b_to, b_sign)) = (row(a), row(b));
                    [(0, q), (q, m.ncols())].iter().all(|&(from, end)| {
                        let now = a_sign * b_sign * product(a_to, b_to, from, end);
                        (now - product(first[a], first[b], from, end)).abs() < SAME
                    })
                })
            })
        };
        if !tested.iter().zip(all).all(|(test, m)| keeps(test, m)) {
            continue;
        }
        // With one column of Xe the products leave its sign open.
        let negates = |m: &Array2<f64>, sign: f64| {
            (0..first.len()).all(|class| {
                let (to, own) = row(class);
                (own * m[[to, 0]] - sign * m[[first[class], 0]]).abs() < SAME
            })
        };
        let mut of_t = tested.iter().zip(all).filter(|(test, _)| test.signed);
        let any_t = of_t.clone().next().is_some();
        if of_t.clone().all(|(_, m)| negates(m, 1.0)) {
            found.push(Symmetry { to, negates: false });
        } else if any_t && of_t.all(|(_, m)| negates(m, -1.0)) {
            found.push(Symmetry { to, negates: true });
        }
    }
    found
}

/// All orders of the codes 1..=n with all signs, the plain one first.
fn signed_orders(n: i32) -> Vec<Vec<i32>> {
    let mut all: Vec<Vec<i32>> = vec![Vec::new()];
    for _ in 0..n {
        let mut longer = Vec::new();
        for start in &all {
            for next in (1..=n).filter(|next| !start.iter().any(|code| code.abs() == *next)) {
                for sign in [1, -1] {
                    let mut order = start.clone();
                    order.push(sign * next);
                    longer.push(order);
                }
            }
        }
        all = longer;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_order_comes_first_of_all() {
        let all = signed_orders(3);
        assert_eq!((all.len(), &all[0][..]), (48, &[1, 2, 3][..]));
    }
}
