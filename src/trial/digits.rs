//! Digits that fit a number: so many that what it is known to has two.

/// Decimals from which on a number is written with its power of ten.
const SMALL: usize = 7;

/// Decimals with which a spread (a standard error, a quarter of an interval) has two digits.
#[must_use]
pub fn decimals(spread: f64) -> usize {
    let spread = spread.abs();
    if !(spread.is_finite() && spread > 0.0) {
        return 2;
    }
    (1.0 - spread.log10().floor()).clamp(0.0, 300.0) as usize
}

/// p as journals have it, in a sentence: `p = .032`, `p < .001`.
#[must_use]
pub fn p_said(p: f64) -> String {
    match p_of(p) {
        text if text.starts_with(['<', '>']) => format!("p {text}"),
        text => format!("p = {text}"),
    }
}

/// p as journals have it: `.032`, `< .001`; n/a where there is none.
#[must_use]
pub fn p_of(p: f64) -> String {
    match p {
        p if !p.is_finite() => "n/a".to_owned(),
        p if p < 0.001 => "< .001".to_owned(),
        p if p > 0.999 => "> .999".to_owned(),
        p => format!("{p:.3}").trim_start_matches('0').to_owned(),
    }
}

/// A number with so many decimals; with its power of ten where it has none before many zeros. No minus before nothing.
#[must_use]
pub fn written(value: f64, decimals: usize) -> String {
    if decimals >= SMALL && value != 0.0 {
        // As many digits as the decimals leave of it, two at least.
        let digits = decimals as f64 + value.abs().log10().floor();
        return format!("{value:.*e}", digits.clamp(1.0, 5.0) as usize);
    }
    let text = format!("{value:.*}", decimals.min(SMALL - 1));
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|b| b == b'0' || b == b'.') => rest.to_owned(),
        _ => text,
    }
}
