//! What people send, checked.

use std::fmt;

use adjustments::AdjustmentTerms;
use lambda::http::{Problem, ProblemKind};
use ledger::{AdjustmentKind, Credits, GrantPurpose, LotId, ProductId, Timestamp};
use policy::Document;
use policy_documents::documents;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

/// Longest reason, in characters: a paragraph.
const REASON_CHARACTERS_MAX: usize = 500;

/// An adjustment as it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdjustmentBody {
    kind: KindBody,
    product: String,
    clause: String,
    reason: String,
    /// For `grant`, `take_back` and `debt_write_off`.
    credits: Option<u64>,
    /// For `grant`.
    purpose: Option<PurposeBody>,
    /// For `take_back` and `expiry_move`.
    lot: Option<u32>,
    /// For `grant` and `expiry_move`.
    #[serde(default, deserialize_with = "said")]
    expires_at: Option<ExpiryBody>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindBody {
    Grant,
    TakeBack,
    DebtWriteOff,
    ExpiryMove,
    Suspension,
    Resumption,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PurposeBody {
    Goodwill,
    Promotional,
    Trial,
}

/// An instant, or `null` for never. Both are said: an expiry that was forgotten is none.
#[derive(Debug)]
enum ExpiryBody {
    Never,
    At(String),
}

/// A member that is there, also as `null`.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ExpiryBody>, D::Error> {
    ExpiryBody::deserialize(deserializer).map(Some)
}

impl<'de> Deserialize<'de> for ExpiryBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl Visitor<'_> for Read {
            type Value = ExpiryBody;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an instant or null")
            }

            fn visit_unit<E>(self) -> Result<ExpiryBody, E> {
                Ok(ExpiryBody::Never)
            }

            fn visit_str<E>(self, text: &str) -> Result<ExpiryBody, E> {
                Ok(ExpiryBody::At(text.to_owned()))
            }
        }

        deserializer.deserialize_any(Read)
    }
}

/// A field that is not possible with this value.
pub(crate) fn unprocessable(field: &str, detail: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Unprocessable).field(field, detail)
}

/// A text that says why.
pub(crate) fn check_reason(reason: &str) -> Result<(), Problem> {
    if reason.trim().is_empty() || reason.chars().count() > REASON_CHARACTERS_MAX {
        let expected = format!("expected 1 to {REASON_CHARACTERS_MAX} characters that say why");
        return Err(unprocessable("#/reason", expected));
    }
    Ok(())
}

impl KindBody {
    fn takes_credits(self) -> bool {
        matches!(self, Self::Grant | Self::TakeBack | Self::DebtWriteOff)
    }

    fn takes_lot(self) -> bool {
        matches!(self, Self::TakeBack | Self::ExpiryMove)
    }

    fn takes_expiry(self) -> bool {
        matches!(self, Self::Grant | Self::ExpiryMove)
    }
}

impl AdjustmentBody {
    /// The terms, and the document in force that allows them.
    pub(crate) fn check(self, now: Timestamp) -> Result<(AdjustmentTerms, &'static Document), Problem> {
        self.belongs_together()?;
        check_reason(&self.reason)?;
        let product: ProductId =
            self.product.parse().map_err(|error| unprocessable("#/product", format!("{error}")))?;
        let in_force = documents().in_force(product.as_str(), now.as_ms());
        let document = in_force
            .document()
            .ok_or_else(|| unprocessable("#/product", "expected a product that a policy in force covers"))?;
        if document.clauses.iter().all(|clause| clause.id != self.clause) {
            return Err(unprocessable("#/clause", format!("expected a clause of `{}`", document.id)));
        }
        let kind = self.kind(now)?;
        Ok((AdjustmentTerms { kind, product, clause: self.clause, reason: self.reason }, document))
    }

    fn belongs_together(&self) -> Result<(), Problem> {
        for (field, is_given, is_taken) in [
            ("#/credits", self.credits.is_some(), self.kind.takes_credits()),
            ("#/purpose", self.purpose.is_some(), self.kind == KindBody::Grant),
            ("#/lot", self.lot.is_some(), self.kind.takes_lot()),
            ("#/expires_at", self.expires_at.is_some(), self.kind.takes_expiry()),
        ] {
            if is_given != is_taken {
                let expected =
                    if is_taken { "expected with this kind" } else { "expected not at all with this kind" };
                return Err(unprocessable(field, expected));
            }
        }
        Ok(())
    }

    fn kind(&self, now: Timestamp) -> Result<AdjustmentKind, Problem> {
        let lot = LotId(self.lot.unwrap_or_default());
        Ok(match self.kind {
            KindBody::Grant => AdjustmentKind::Grant {
                credits: self.credits()?,
                purpose: match self.purpose {
                    Some(PurposeBody::Promotional) => GrantPurpose::Promotional,
                    Some(PurposeBody::Trial) => GrantPurpose::Trial,
                    Some(PurposeBody::Goodwill) | None => GrantPurpose::Goodwill,
                },
                expires_at: self.expires_at(now)?,
            },
            KindBody::TakeBack => AdjustmentKind::TakeBack { lot, credits: self.credits()? },
            KindBody::DebtWriteOff => AdjustmentKind::DebtWriteOff { credits: self.credits()? },
            KindBody::ExpiryMove => AdjustmentKind::ExpiryMove { lot, expires_at: self.expires_at(now)? },
            KindBody::Suspension => AdjustmentKind::Suspension,
            KindBody::Resumption => AdjustmentKind::Resumption,
        })
    }

    fn credits(&self) -> Result<Credits, Problem> {
        let credits =
            Credits::new(self.credits.unwrap_or_default()).ok().filter(|credits| !credits.is_zero());
        credits.ok_or_else(|| unprocessable("#/credits", "expected at least 1"))
    }

    fn expires_at(&self, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
        let Some(ExpiryBody::At(text)) = &self.expires_at else { return Ok(None) };
        let expected = "expected null, or an instant ahead such as 2027-01-01T00:00:00Z";
        let at = Timestamp::parse(text).map_err(|_| unprocessable("#/expires_at", expected))?;
        if at <= now { Err(unprocessable("#/expires_at", expected)) } else { Ok(Some(at)) }
    }
}
