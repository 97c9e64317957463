//! Currencies whose amounts are not hundredths, and the amounts that Stripe pays in them: as
//! <https://docs.stripe.com/currencies> lists them on 2026-11-28.

/// Currencies whose smallest unit is the unit itself
/// (<https://docs.stripe.com/currencies#zero-decimal>). The Ugandan shilling is in Stripe's list as well, and
/// is a [special case](WHOLE_HUNDREDTHS).
const ZERO_DECIMAL: [&str; 15] =
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"];
/// Currencies of thousandths. The last digit of an amount is always 0
/// (<https://docs.stripe.com/currencies#three-decimal>).
const THREE_DECIMAL: [&str; 5] = ["bhd", "jod", "kwd", "omr", "tnd"];
/// Currencies without decimals that Stripe takes in hundredths, which are always 00
/// (<https://docs.stripe.com/currencies#special-cases>). Hungary's and Taiwan's are whole in payouts to the
/// company's bank alone, and any amount of them can be refunded.
const WHOLE_HUNDREDTHS: [&str; 2] = ["isk", "ugx"];

/// How many digits of an amount are decimals.
fn decimals(currency: &str) -> usize {
    if ZERO_DECIMAL.contains(&currency) {
        0
    } else if THREE_DECIMAL.contains(&currency) {
        3
    } else {
        2
    }
}

/// Every amount that Stripe pays in a currency is a multiple of this, in its smallest unit.
pub fn payable_step(currency: &str) -> u64 {
    if THREE_DECIMAL.contains(&currency) {
        10
    } else if WHOLE_HUNDREDTHS.contains(&currency) {
        100
    } else {
        1
    }
}

/// The amount of at least `amount_minor` that can be paid, in the customer's favour, and never more than is
/// `left`.
pub fn payable(amount_minor: u64, left: u64, currency: &str) -> u64 {
    let rounded = amount_minor.checked_next_multiple_of(payable_step(currency));
    rounded.unwrap_or(left).min(left)
}

/// Whether people write whole amounts without decimals.
fn is_written_whole(currency: &str) -> bool {
    WHOLE_HUNDREDTHS.contains(&currency)
}

/// An amount as people write it: `12.50 EUR`.
pub fn money_text(amount_minor: u64, currency: &str) -> String {
    let code = currency.to_ascii_uppercase();
    let digits = decimals(currency);
    let text = format!("{amount_minor:0>width$}", width = digits.saturating_add(1));
    let (whole, part) = text.split_at(text.len().saturating_sub(digits));
    let is_whole = part.is_empty() || is_written_whole(currency) && part.bytes().all(|digit| digit == b'0');
    if is_whole { format!("{whole} {code}") } else { format!("{whole}.{part} {code}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_with_their_currency_s_decimals() {
        for (amount_minor, currency, expected) in [
            (1_250, "eur", "12.50 EUR"),
            (5, "usd", "0.05 USD"),
            (0, "usd", "0.00 USD"),
            (1_250, "jpy", "1250 JPY"),
            (1_250, "kwd", "1.250 KWD"),
            // Stripe takes these in hundredths that are always 00.
            (380_000, "ugx", "3800 UGX"),
            (380_050, "ugx", "3800.50 UGX"),
            (150_000, "isk", "1500 ISK"),
            (0, "isk", "0 ISK"),
            (123_400, "huf", "1234.00 HUF"),
            (1_250, "kmf", "1250 KMF"),
            (u64::MAX, "usd", "184467440737095516.15 USD"),
        ] {
            assert_eq!(money_text(amount_minor, currency), expected);
        }
    }

    #[test]
    fn amounts_are_payable_in_their_currency() {
        for (amount, left, currency, expected) in [
            (333, 900, "usd", 333),
            (333, 900, "jpy", 333),
            (333, 900, "huf", 333),
            (3_333, 10_000, "kwd", 3_340),
            (3_340, 10_000, "kwd", 3_340),
            (9_991, 9_995, "kwd", 9_995),
            (123_401, 380_000, "ugx", 123_500),
            (1, 100, "isk", 100),
            (0, 100, "isk", 0),
            (u64::MAX, u64::MAX, "tnd", u64::MAX),
        ] {
            assert_eq!(payable(amount, left, currency), expected, "{amount} {currency}");
        }
    }

    #[test]
    fn a_currency_is_in_one_list() {
        let all: Vec<&str> = [ZERO_DECIMAL.as_slice(), &THREE_DECIMAL, &WHOLE_HUNDREDTHS].concat();
        for (place, currency) in all.iter().enumerate() {
            assert!(!all[..place].contains(currency), "{currency}");
        }
    }
}
