//! Quantities: decimals, exactly as a provider writes them.

use std::fmt;

/// Most decimals that Stripe sends (<https://docs.stripe.com/api/invoice-line-item>).
const DECIMALS_MAX: usize = 12;

/// A decimal of at least zero. Two quantities of one value are equal however they were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quantity {
    /// The digits without the point.
    digits: u64,
    /// How many of them come after the point; as few as the value needs.
    decimals: u32,
}

impl Quantity {
    /// A whole number of things.
    pub fn whole(count: u64) -> Self {
        Self { digits: count, decimals: 0 }
    }

    /// The quantity as a whole number, if it is one.
    pub fn as_whole(self) -> Option<u64> {
        (self.decimals == 0).then_some(self.digits)
    }

    /// The quantity times `count`, rounded down to a whole number; `None` beyond 64 bits.
    pub fn times_rounded_down(self, count: u64) -> Option<u64> {
        let product = u128::from(self.digits).checked_mul(u128::from(count))?;
        let divisor = 10_u128.checked_pow(self.decimals)?;
        u64::try_from(product.checked_div(divisor)?).ok()
    }

    /// The quantity times `count` times `part` / `whole`, in millionths, rounded down or up; `None` beyond 64
    /// bits.
    pub fn share_in_millionths(self, count: u64, (part, whole): (u64, u64), rounds_up: bool) -> Option<u64> {
        let millionths = u128::from(self.digits).checked_mul(u128::from(count))?.checked_mul(1_000_000)?;
        let share = millionths.checked_mul(u128::from(part))?;
        let divisor = 10_u128.checked_pow(self.decimals)?.checked_mul(u128::from(whole))?;
        let rounded = if rounds_up { share.checked_add(divisor.checked_sub(1)?)? } else { share };
        u64::try_from(rounded.checked_div(divisor)?).ok()
    }

    /// A decimal without sign or exponent: `2`, `2.5`. `None` for anything else, and beyond 12 decimals or 18
    /// digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').map_or((text, ""), |(whole, fraction)| {
            // A point without decimals behind it stays malformed.
            (whole, if fraction.is_empty() { "?" } else { fraction })
        });
        let fraction = fraction.trim_end_matches('0');
        let digits_only = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        // 18 digits always fit into 64 bits.
        let digits_count = whole.len().checked_add(fraction.len())?;
        let fits = fraction.len() <= DECIMALS_MAX && digits_count <= 18;
        if whole.is_empty() || !fits || !digits_only(whole) || !digits_only(fraction) {
            return None;
        }
        let digits = format!("{whole}{fraction}").parse().ok()?;
        Some(Self { digits, decimals: u32::try_from(fraction.len()).ok()? })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_u64.pow(self.decimals);
        let (whole, fraction) = (self.digits.checked_div(unit), self.digits.checked_rem(unit));
        write!(formatter, "{}", whole.unwrap_or_default())?;
        if self.decimals == 0 {
            return Ok(());
        }
        let width = usize::try_from(self.decimals).unwrap_or_default();
        write!(formatter, ".{:0width$}", fraction.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c12_decimals_are_exact() {
        for (text, shown, thousandfold) in [
            ("2.5", "2.5", 2_500),
            ("2.50", "2.5", 2_500),
            ("2", "2", 2_000),
            ("2.000", "2", 2_000),
            ("0.0005", "0.0005", 0),
            ("0", "0", 0),
            ("0.333333333333", "0.333333333333", 333),
        ] {
            let quantity = Quantity::parse(text).unwrap();
            assert_eq!(quantity.to_string(), shown);
            assert_eq!(quantity.times_rounded_down(1_000), Some(thousandfold), "{text}");
        }
        for text in ["", ".", "2.", ".5", "-1", "+1", "1e3", " 2", "2,5", "0.0000000000001", "1.2.3"] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
        assert_eq!(Quantity::parse(&"9".repeat(19)), None);
        assert_eq!(Quantity::parse(&"9".repeat(18)).unwrap().times_rounded_down(1_000), None);
        for (text, share, down, up) in
            [("3", (1, 2), 15_000_000, 15_000_000), ("1", (1, 3), 3_333_333, 3_333_334)]
        {
            let quantity = Quantity::parse(text).unwrap();
            assert_eq!(quantity.share_in_millionths(10, share, false), Some(down));
            assert_eq!(quantity.share_in_millionths(10, share, true), Some(up));
        }
        assert_eq!(Quantity::whole(1).share_in_millionths(1, (1, 0), false), None);
        assert_eq!(Quantity::whole(3).as_whole(), Some(3));
        assert_eq!(Quantity::parse("2.5").unwrap().as_whole(), None);
    }
}
