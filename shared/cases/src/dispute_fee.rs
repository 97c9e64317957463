//! What a dispute costs beside its money: dated data, for people who weigh a refund against it.

use ledger::{Currency, Money};

/// The day as of which the fees are known.
pub const FEES_AS_OF: &str = "2026-11-28";

/// Stripe's fee for a dispute that it receives, in the currency in which it settles with the company, in
/// minor units: 15.00 in the United States (<https://stripe.com/pricing>), and 20.00 where Stripe settles in
/// euros (<https://docs.stripe.com/reports/balance-transaction-types>, the example of a dispute). Other
/// countries have fees of their own, which are not known here.
const FEES: [(&str, u64); 2] = [("eur", 2_000), ("usd", 1_500)];

/// The fee of a dispute for a company that Stripe pays in `currency`, where it is known.
pub fn dispute_fee(currency: Currency) -> Option<Money> {
    let known = FEES.iter().find(|(code, _)| *code == currency.as_str());
    known.map(|(_, minor)| Money::new(*minor, currency))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_is_known_or_left_open() {
        for (currency, expected) in [("usd", Some(1_500)), ("eur", Some(2_000)), ("isk", None)] {
            let fee = dispute_fee(Currency::new(currency).unwrap());
            assert_eq!(fee.map(Money::minor), expected, "{currency}");
        }
    }
}
