//! A date and time as BIDS writes it. Source: BIDS 1.11, "Units" (ISO 8601 as RFC 3339 has it; years before 1925 where dates are hidden).

use crate::trial::Moment;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// When a text says that it was: some time of its day where it is a date alone; none as of [`microseconds`].
pub(super) fn moment(text: &str) -> Option<Moment> {
    let from_us = microseconds(text)?;
    let has_clock = text.contains(['T', 't', ' ']);
    let to_us = if has_clock { from_us } else { from_us + DAY - 1 };
    Some(Moment { from_us, to_us })
}

/// Microseconds from 0000-03-01 of `YYYY-MM-DD` or `YYYY-MM-DDThh:mm[:ss[.ffffff]][Z|+hh:mm|-hh:mm]`; none of any other text and of what is in no calendar. Without a zone it is taken as it stands.
fn microseconds(text: &str) -> Option<i64> {
    let (date, clock) = match text.split_once(['T', 't', ' ']) {
        Some((date, clock)) => (date, Some(clock)),
        None => (text, None),
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let is_day = (1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day);
    let of_day = clock.map_or(Some(0), of_clock)?;
    is_day.then(|| days(year, month, day) * DAY + of_day)
}

/// Microseconds from midnight of `hh:mm[:ss[.ffffff]]` and a zone.
fn of_clock(text: &str) -> Option<i64> {
    let at = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(at);
    let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(c, f)| (c, Some(f)));
    let [hour, minute, second] = match (clock.len(), fraction) {
        (5, None) => {
            let [hour, minute] = numbers(clock, ':', [2, 2])?;
            [hour, minute, 0]
        }
        _ => numbers(clock, ':', [2, 2, 2])?,
    };
    // A second of 60 is a leap second.
    let is_time = hour < 24 && minute < 60 && second <= 60;
    let fraction = fraction.map_or(Some(0), millionths)?;
    let zone = minutes_of(zone)?;
    let seconds = (hour * 60 + minute - zone) * 60 + second;
    is_time.then_some(seconds * 1_000_000 + fraction)
}

/// Millionths of the digits behind a point; further ones are left out.
fn millionths(digits: &str) -> Option<i64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit());
    let six: String = digits.chars().chain("000000".chars()).take(6).collect();
    is_number.then(|| six.parse().ok()).flatten()
}

/// Minutes east of Greenwich of `Z`, `+hh:mm` or `-hh:mm`, and of no zone 0.
fn minutes_of(zone: &str) -> Option<i64> {
    if ["", "Z", "z"].contains(&zone) {
        return Some(0);
    }
    let [hours, minutes] = numbers(zone.get(1..)?, ':', [2, 2])?;
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// So many numbers, each of so many digits.
fn numbers<const N: usize>(text: &str, between: char, digits: [usize; N]) -> Option<[i64; N]> {
    let number = |(part, n): (&str, usize)| {
        let is_number = part.len() == n && part.bytes().all(|c| c.is_ascii_digit());
        is_number.then(|| part.parse::<i64>().ok()).flatten()
    };
    let parts: Vec<&str> = text.split(between).collect();
    let all: Option<Vec<i64>> = parts.iter().copied().zip(digits).map(number).collect();
    (parts.len() == N).then(|| all?.try_into().ok()).flatten()
}

/// Days of a month of the Gregorian calendar.
fn days_of(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 0000-03-01: years begin in March, so that the day of a leap year is a year's last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month < 3 { year - 1 } else { year };
    let month = (month + 9) % 12;
    365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Microseconds between two times.
    fn apart(early: &str, late: &str) -> i64 {
        microseconds(late).unwrap() - microseconds(early).unwrap()
    }

    #[test]
    fn times_are_as_far_apart_as_the_calendar_has_them() {
        // Python: (datetime.fromisoformat(late) - datetime.fromisoformat(early)) / timedelta(microseconds=1).
        for (early, late, want) in [
            ("1799-12-31", "2024-02-29", 7_073_913_600_000_000),
            ("2019-12-31", "2020-04-04T09:30", 8_242_200_000_000),
            ("2000-02-28T23:59:59.5", "2000-03-01", 86_400_500_000),
            ("1900-02-28", "1900-03-01", 86_400_000_000),
            ("2020-02-01T10:00:00+02:00", "2020-02-01T09:00:00Z", 3_600_000_000),
            ("2020-02-01 10:00:00", "2020-02-01T10:00:00.000250", 250),
            ("2020-01-01T01:00:00-05:30", "2020-01-01T06:30:01", 1_000_000),
        ] {
            assert_eq!(apart(early, late), want, "{early} {late}");
        }
    }

    #[test]
    fn what_is_no_time_of_bids_is_none() {
        for text in [
            "01/06/2020",
            "2020-1-9",
            "2020-13-05T10:00:00",
            "2020-03-35",
            "2019-02-29",
            "1900-02-29",
            "2020-01-05T24:00:00",
            "2020-01-05T10:60",
            "2020-01-05T10",
            "2020-01-05T9:30",
            "2020-01-05T10:00:00.",
            "2020-01-05T10:00:00+0200",
            "2020-01-05T10:00.5",
            "2020-01-05T",
            "9:30",
            "day 1",
            "30",
            "20200105",
            "2020-01-05T10:00:00 PM",
        ] {
            assert_eq!(microseconds(text), None, "{text}");
        }
    }
}
