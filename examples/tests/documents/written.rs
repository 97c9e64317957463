//! A rule as the tests read it out of the written sentence: when it is met, and what it says.

use policy::{Effect, EffectKind, Fact, Mode, Reason, RemedyRule, Truth, Value};

use crate::case::{Case, document_of};

pub(crate) const ANY: &[Reason] = Reason::ALL;
/// What a machine may do alone, and what it only recommends.
pub(crate) const GRANTS: (EffectKind, Option<Mode>) = (EffectKind::Grant, Some(Mode::Auto));
pub(crate) const ADVISES_GRANT: (EffectKind, Option<Mode>) = (EffectKind::Grant, Some(Mode::Recommend));
pub(crate) const REFUSES: (EffectKind, Option<Mode>) = (EffectKind::Refuse, Some(Mode::Auto));
pub(crate) const ADVISES_REFUSAL: (EffectKind, Option<Mode>) = (EffectKind::Refuse, Some(Mode::Recommend));
pub(crate) const PERSON: (EffectKind, Option<Mode>) = (EffectKind::Person, None);
pub(crate) const ASKS: (EffectKind, Option<Mode>) = (EffectKind::NeedsInformation, None);

/// A rule, the reasons that it is about, the clauses that it carries out, and what it says.
pub(crate) struct Written<'w> {
    pub(crate) rule: &'w str,
    pub(crate) reasons: &'w [Reason],
    pub(crate) clauses: &'w [&'w str],
    pub(crate) says: (EffectKind, Option<Mode>),
}

impl Written<'_> {
    /// These facts meet the rule for each of its reasons and for no other, and it says what is written.
    pub(crate) fn is_met_by(&self, case: &Case) {
        for reason in Reason::ALL {
            let decision = case.decide(*reason);
            let found = decision.rules.iter().find(|each| each.rule == self.rule);
            let about = self.reasons.contains(reason);
            assert_eq!(found.is_some(), about, "{} {reason:?}", self.rule);
            let Some(found) = found else { continue };
            assert_eq!(found.finding, Truth::Yes, "{} {reason:?}", self.rule);
            assert_eq!(found.clauses, self.clauses, "{}", self.rule);
            assert_eq!((found.effect, found.mode), self.says, "{}", self.rule);
        }
    }

    /// And it is not met once any one of these facts is otherwise.
    pub(crate) fn hinges_on<const N: usize>(&self, case: &Case, others: [(Fact, Value); N]) {
        self.is_met_by(case);
        for (fact, value) in others {
            self.is_not_met_by(&case.clone().with(fact, value.clone()), &format!("{fact:?} = {value:?}"));
        }
    }

    /// These facts do not meet it.
    pub(crate) fn is_not_met_by(&self, case: &Case, name: &str) {
        let reason = self.reasons[0];
        let decision = case.decide(reason);
        let found = decision.rules.iter().find(|each| each.rule == self.rule).unwrap();
        assert_eq!(found.finding, Truth::No, "{} {name}", self.rule);
    }
}

/// What a rule of the document of `product` gives, even if another rule gives as much.
pub(crate) fn gives(product: &str, rule: &str) -> Option<RemedyRule> {
    let found = document_of(product).rules.iter().find(|each| each.id == rule).unwrap();
    match found.effect {
        Effect::Grant(remedy, _) => Some(remedy),
        Effect::Refuse(_) | Effect::Person | Effect::NeedsInformation(_) => None,
    }
}

/// `rule` is met, and is the exception to each of these rules.
pub(crate) fn sets_aside(case: &Case, reason: Reason, rule: &str, others: &[&str]) {
    let decision = case.decide(reason);
    for other in others {
        let found = decision.rules.iter().find(|each| each.rule == *other).unwrap();
        assert_eq!((found.finding, found.set_aside_by.as_deref()), (Truth::Yes, Some(rule)), "{other}");
    }
}
