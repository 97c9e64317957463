//! Why a customer asks, or what Stripe reported: the closed list of reasons that select the rules which are
//! looked at.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($variant:ident $id:literal $description:literal;)*) => {
        /// The reason that a customer gives for a refund request, or that a report of Stripe's gives for a
        /// case.
        ///
        /// A reason only selects rules. It is the customer's word, so that by itself it leads to a
        /// refusal or to a person; an automatic grant needs recorded facts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Reason {
            $(#[doc = $description] #[serde(rename = $id)] $variant,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name used in documents and in JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// What it means, as a customer would say it.
            pub fn description(self) -> &'static str {
                match self { $(Self::$variant => $description,)* }
            }
        }
    };
}

reasons! {
    ChargedAfterCancellation "charged_after_cancellation" "I was charged although I had cancelled.";
    WrongCardCharged "wrong_card_charged" "The wrong card was charged.";
    WrongPlanCharged "wrong_plan_charged" "I was charged for a plan that I did not order.";
    DuplicatePayment "duplicate_payment" "I was charged twice.";
    UnauthorisedPayment "unauthorised_payment" "Neither I nor anyone I know made this payment.";
    AccidentalPurchase "accidental_purchase" "A friend or a family member bought this by accident.";
    CreditsMissing "credits_missing" "I paid, and the credits did not arrive.";
    GenerationFailed "generation_failed" "A generation failed and cost me credits.";
    ResultNotLiked "result_not_liked" "I do not like the result.";
    ServiceUnavailable "service_unavailable" "The service was not available.";
    ChangedMind "changed_mind" "I changed my mind.";
    StatutoryWithdrawal "statutory_withdrawal" "I use my statutory right to withdraw.";
    Other "other" "Something else.";
    PaymentDisputed "payment_disputed" "The cardholder's bank disputes the payment, or asks about it.";
    FraudWarning "fraud_warning" "The card's issuer warns that the payment may be fraudulent.";
    RefundedOutside "refunded_outside" "The payment was refunded without a request.";
}

impl Reason {
    /// Whether people can file a request for it. The others are of cases that Stripe's reports open.
    pub fn can_be_filed(self) -> bool {
        !matches!(self, Self::PaymentDisputed | Self::FraudWarning | Self::RefundedOutside)
    }

    /// The reason with this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == text)
    }
}
