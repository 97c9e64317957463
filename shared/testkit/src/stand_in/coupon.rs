//! Coupons, and the subscriptions whose next invoice they make cheaper.

use serde_json::json;

use super::answer::Answer;
use super::command::Emission;
use super::record::Coupon;
use super::render;
use super::world::World;

/// A checked `POST /v1/coupons`.
#[derive(Debug)]
pub(crate) struct CouponForm(Coupon);

impl CouponForm {
    /// Reads the form: an id, one redemption, one invoice, and either a share or an amount with a currency.
    pub(crate) fn parse(parameters: &[(String, String)]) -> Result<Self, Answer> {
        let find = |name: &str| {
            let mut found = parameters.iter().filter(|(known, _)| known == name);
            found.next().map(|(_, value)| value.as_str())
        };
        let invalid = |param: &str| Answer::invalid(param, None, "Invalid or missing parameter");
        let number = |name: &str| match find(name) {
            None => Ok(None),
            Some(text) => text.parse::<u64>().map(Some).map_err(|_| invalid(name)),
        };
        let id = find("id").filter(|id| !id.is_empty()).ok_or_else(|| invalid("id"))?;
        if find("duration") != Some("once") {
            return Err(invalid("duration"));
        }
        if find("max_redemptions") != Some("1") {
            return Err(invalid("max_redemptions"));
        }
        let (percent_off, amount_off) = (number("percent_off")?, number("amount_off")?);
        match (percent_off, amount_off, find("currency")) {
            (Some(1..=100), None, None) | (None, Some(1..), Some(_)) => {}
            _ => return Err(invalid("percent_off")),
        }
        let metadata = parameters.iter().filter_map(|(name, value)| {
            let name = name.strip_prefix("metadata[")?.strip_suffix(']')?;
            Some((name.to_owned(), value.clone()))
        });
        let metadata = metadata.collect();
        Ok(Self(Coupon { id: id.to_owned(), percent_off, amount_off, times_redeemed: 0, metadata }))
    }
}

impl World {
    /// Carries out `POST /v1/coupons`.
    pub(crate) fn create_coupon(&mut self, form: &CouponForm) -> Answer {
        let CouponForm(coupon) = form;
        if self.coupons.contains_key(&coupon.id) {
            return Answer::invalid("id", Some("resource_already_exists"), "Coupon already exists.");
        }
        self.coupons.insert(coupon.id.clone(), coupon.clone());
        self.coupon_answer(&coupon.id)
    }

    /// `GET /v1/coupons/{id}`.
    pub(crate) fn coupon_answer(&self, id: &str) -> Answer {
        self.coupons.get(id).map_or_else(
            || Answer::missing("coupon", id, "id"),
            |coupon| {
                Answer::ok(json!({
                    "id": coupon.id, "object": "coupon", "duration": "once", "max_redemptions": 1,
                    "percent_off": coupon.percent_off, "amount_off": coupon.amount_off,
                    "times_redeemed": coupon.times_redeemed, "valid": coupon.times_redeemed == 0,
                    "metadata": coupon.metadata, "livemode": self.settings.livemode,
                }))
            },
        )
    }

    /// Carries out `POST /v1/subscriptions/{id}` with `discounts`, which are all that it has after it: ids
    /// of those that it has, and coupons that are not redeemed.
    pub(crate) fn discount_by_api(
        &mut self,
        id: &str,
        wanted: &[(String, String)],
        emission: &Emission,
    ) -> Answer {
        let Some(known) = self.subscriptions.get(id).cloned() else {
            return Answer::missing("subscription", id, "id");
        };
        if known.ended_at.is_some() {
            let message = "A canceled subscription can only update its cancellation_details and metadata.";
            return Answer::invalid("discounts", None, message);
        }
        let mut discounts = Vec::new();
        for (kind, value) in wanted {
            if kind == "discount" {
                match known.discounts.iter().find(|(discount, _)| discount == value) {
                    Some(kept) => discounts.push(kept.clone()),
                    None => return Answer::missing("discount", value, "discounts"),
                }
                continue;
            }
            match self.coupons.get_mut(value) {
                None => return Answer::missing("coupon", value, "discounts"),
                Some(coupon) if coupon.times_redeemed > 0 => {
                    return Answer::invalid("discounts", Some("coupon_expired"), "The coupon is used up.");
                }
                Some(coupon) => coupon.times_redeemed = 1,
            }
            discounts.push((self.id("di"), value.clone()));
        }
        if let Some(subscription) = self.subscriptions.get_mut(id) {
            subscription.discounts = discounts;
        }
        self.discounted_answer(id, emission)
    }

    /// `GET /v1/subscriptions/{id}` with its discounts expanded.
    pub(crate) fn discounted_answer(&self, id: &str, emission: &Emission) -> Answer {
        let Some(known) = self.subscriptions.get(id) else {
            return Answer::missing("subscription", id, "id");
        };
        let mut object = render::subscription(self.context(emission), known);
        let discounts = known.discounts.iter().map(|(discount, coupon)| {
            json!({
                "id": discount, "object": "discount", "subscription": id,
                "source": { "type": "coupon", "coupon": coupon },
            })
        });
        if let Some(members) = object.as_object_mut() {
            members.insert("discounts".to_owned(), discounts.collect());
        }
        Answer::ok(object)
    }

    /// An invoice's amount with these discounts.
    pub(crate) fn discounted(&self, amount: u64, discounts: &[(String, String)]) -> u64 {
        let coupons = discounts.iter().filter_map(|(_, coupon)| self.coupons.get(coupon));
        coupons.fold(amount, |amount, coupon| {
            let share = amount.saturating_mul(coupon.percent_off.unwrap_or_default()) / 100;
            amount.saturating_sub(share).saturating_sub(coupon.amount_off.unwrap_or_default())
        })
    }
}
