//! Many numbers as text: to the byte what `format!` writes, without its long arithmetic wherever f64 tells which digits these are.

use std::fmt::Write;
use std::sync::LazyLock;

/// Powers of ten to `±LAST`, each the nearest f64.
static POWERS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    (-LAST..=LAST).map(|at| format!("1e{at}").parse().unwrap_or(f64::NAN)).collect()
});
const LAST: i32 = 300;
/// Exponents of values that are scaled: powers of ten reach beyond them by the digits that are wanted.
const SCALED: i32 = 270;
/// What a scaled value may be off by, as a share of it: a power's rounding and a product's are 2.3e-16.
const OFF: f64 = 4e-16;
/// Decimals at most, whose power of ten u64 holds, and bytes enough for them or for a whole number's digits.
const EXACT: usize = 18;
const ROOM: usize = 32;

/// `{value:.decimals$}`.
pub fn fixed(text: &mut String, value: f64, decimals: usize) {
    let scale = (decimals <= EXACT).then(|| power(decimals as i32)).flatten();
    match scale.and_then(|scale| nearest(value.abs() * scale)) {
        Some(whole) => put(text, value, whole, decimals),
        // Writing to a String cannot fail.
        None => drop(write!(text, "{value:.decimals$}")),
    }
}

/// `{value:.decimals$e}`.
pub fn scientific(text: &mut String, value: f64, decimals: usize) {
    let exponent = value.abs().log10().floor();
    let whole = || {
        let exponent = (exponent.abs() < f64::from(SCALED)).then_some(exponent as i32)?;
        let whole = nearest(value.abs() * power(decimals as i32 - exponent)?)?;
        // One digit before the point.
        (whole.checked_ilog10()? as usize == decimals).then_some((whole, exponent))
    };
    match whole() {
        Some((whole, exponent)) => {
            put(text, value, whole, decimals);
            text.push('e');
            put(text, f64::from(exponent), exponent.unsigned_abs().into(), 0);
        }
        None => drop(write!(text, "{value:.decimals$e}")),
    }
}

fn power(exponent: i32) -> Option<f64> {
    POWERS.get(usize::try_from(exponent + LAST).ok()?).copied()
}

/// The whole number nearest to a scaled value; none where its rounding leaves two.
fn nearest(scaled: f64) -> Option<u64> {
    let is_told = (scaled.fract() - 0.5).abs() > OFF * scaled;
    (is_told && scaled < 1e15).then(|| scaled.round() as u64)
}

/// A whole number with its point before the last `decimals` digits, and the sign of `value`.
fn put(text: &mut String, value: f64, whole: u64, decimals: usize) {
    let mut room = [b'0'; ROOM];
    let (after, mut rest) = (10_u64.pow(decimals as u32), whole);
    let mut at = ROOM;
    if decimals > 0 {
        digits(&mut room[..at], rest % after);
        at -= decimals + 1;
        room[at] = b'.';
        rest /= after;
    }
    at -= digits(&mut room[..at], rest).max(1);
    if value.is_sign_negative() {
        at -= 1;
        room[at] = b'-';
    }
    text.push_str(std::str::from_utf8(&room[at..]).unwrap_or_default());
}

/// Digits at the end of `room`, two at a time; how many there are, none of 0.
fn digits(room: &mut [u8], mut rest: u64) -> usize {
    let end = room.len();
    let mut at = end;
    while rest >= 10 {
        at -= 2;
        room[at..at + 2].copy_from_slice(&PAIRS[(rest % 100) as usize]);
        rest /= 100;
    }
    if rest > 0 {
        at -= 1;
        room[at] = b'0' + rest as u8;
    }
    end - at
}

/// The digits of the numbers below 100.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut at = 0;
    while at < 100 {
        pairs[at] = [b'0' + (at / 10) as u8, b'0' + (at % 10) as u8];
        at += 1;
    }
    pairs
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of every size, ties and what lies beside them.
    fn values() -> Vec<f64> {
        let mut state = 12_345_u64;
        let mut next = move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state
        };
        let mut values =
            vec![0.0, 1.0, 9.5, 0.5, 1e22, f64::MAX, f64::MIN_POSITIVE, f64::NAN, f64::INFINITY];
        values.extend((0..20_000).map(|_| f64::from_bits(next())));
        values.extend((0..20_000).map(|_| next() as f64 / u64::MAX as f64 * 40.0));
        values.extend((0..20_000).map(|_| 10_f64.powf(next() as f64 / u64::MAX as f64 * -30.0)));
        // Halves of the last digit: exact ones, and their nearest f64.
        values.extend((0..5_000).map(|i| f64::from(i) / 1024.0));
        values.extend((0..5_000).map(|i| (f64::from(i) + 0.5) * 1e-9));
        values.extend((0..5_000).map(|i| (1e6 + f64::from(i) + 0.5) * 1e-13));
        values.extend((-300..300).map(|at| format!("1e{at}").parse::<f64>().unwrap()));
        let beside: Vec<f64> =
            values.iter().flat_map(|v| [v.next_up(), v.next_down(), -v]).collect();
        values.extend(beside);
        values
    }

    #[test]
    fn numbers_are_written_as_format_writes_them() {
        for value in values() {
            for decimals in [0, 4, 6, 9, 12, 25] {
                let (mut text, mut power) = (String::new(), String::new());
                fixed(&mut text, value, decimals);
                scientific(&mut power, value, decimals);
                assert_eq!(text, format!("{value:.decimals$}"));
                assert_eq!(power, format!("{value:.decimals$e}"));
            }
        }
    }
}
