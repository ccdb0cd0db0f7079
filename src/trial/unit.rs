//! Units that names of columns end in.

/// Ends of names, and what they say.
const ENDS: [(&str, &str); 10] = [
    ("_kpa", "kPa"),
    ("_mm", "mm"),
    ("_s", "s"),
    ("_ms", "ms"),
    ("_hz", "Hz"),
    ("_kg", "kg"),
    ("_n", "N"),
    ("_c", "°C"),
    ("_bpm", "beats/min"),
    ("_percent", "%"),
];

/// A column's name without its unit, and the unit: `pressure_kpa` is pressure and kPa; none where the name has none.
#[must_use]
pub fn in_name(column: &str) -> Option<(&str, &'static str)> {
    ENDS.iter().find_map(|(end, unit)| Some((column.strip_suffix(end)?, *unit)))
}
