//! Dates of ISO 8601 as milliseconds since 1970-01-01 UTC.

/// `2026-11-29`, with a time (`T14:30`, ` 14:30:05.25`) and a zone (`Z`, `+02:00`) or without; without one it is UTC.
pub fn milliseconds(text: &[u8]) -> Option<f64> {
    let (date, rest) = text.split_at_checked(10)?;
    let [year, month, day] = [number(&date[..4])?, number(&date[5..7])?, number(&date[8..])?];
    if date[4] != b'-' || date[7] != b'-' || !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    let days = days_since_1970(year, month, day) as f64;
    let (clock, zone) = match rest {
        [] => (0.0, 0.0),
        [b'T' | b't' | b' ', time @ ..] => time_and_zone(time)?,
        _ => return None,
    };
    Some(days * 86_400_000.0 + clock - zone)
}

/// Milliseconds since midnight, and how far the zone is ahead of UTC.
fn time_and_zone(text: &[u8]) -> Option<(f64, f64)> {
    let end = text.iter().position(|byte| matches!(byte, b'Z' | b'z' | b'+' | b'-')).unwrap_or(text.len());
    let (time, zone) = text.split_at(end);
    let zone = match zone {
        [] | [b'Z' | b'z'] => 0.0,
        [sign, offset @ ..] => hours_and_minutes(offset)? * if *sign == b'-' { -1.0 } else { 1.0 },
    };
    let seconds = match time.get(5..) {
        None => return None,
        Some([]) => 0.0,
        Some([b':', seconds @ ..]) => fast_float2::parse::<f64, _>(seconds).ok().filter(|s| (0.0..61.0).contains(s))?,
        Some(_) => return None,
    };
    Some((hours_and_minutes(&time[..5])? + (seconds * 1000.0).round(), zone))
}

/// `14:30` or `1430`, in milliseconds.
fn hours_and_minutes(text: &[u8]) -> Option<f64> {
    let (hours, minutes) = match text {
        [a, b, b':', c, d] | [a, b, c, d] => ([*a, *b], [*c, *d]),
        [a, b] => ([*a, *b], *b"00"),
        _ => return None,
    };
    let (hours, minutes) = (number(&hours)?, number(&minutes)?);
    (hours < 24 && minutes < 60).then(|| f64::from(hours * 60 + minutes) * 60_000.0)
}

fn number(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i32::from(digit - b'0')))
}

fn days_in(year: i32, month: i32) -> i32 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the proleptic Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms", 2013).
fn days_since_1970(year: i32, month: i32, day: i32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn dates_and_times() {
        let cases: [(&str, Option<f64>); 10] = [
            ("1970-01-01", Some(0.0)),
            ("2000-02-29", Some(951_782_400_000.0)),
            ("2026-11-29T14:30:05.250Z", Some(1_795_962_605_250.0)),
            ("2026-11-29 14:30", Some(1_795_962_600_000.0)),
            ("2026-11-29T14:30:00+02:00", Some(1_795_955_400_000.0)),
            ("1969-12-31T23:59:59Z", Some(-1000.0)),
            ("2026-02-29", None),
            ("2026-13-01", None),
            ("2026-11-29T25:00", None),
            ("29.11.2026", None),
        ];
        for (text, expected) in cases {
            assert_eq!(milliseconds(text.as_bytes()), expected, "{text}");
        }
    }
}
