//! What happens next with a request without the caller's doing, and by when.

use policy::ServiceLevelStart;
use policy_documents::documents;
use refunds::{Clock, ClockState, Payout, RefundRequest, State, arrival};
use serde::Serialize;

use crate::wording::minute;

#[derive(Serialize)]
pub(crate) struct HappensNext {
    text: String,
    /// The deadline of the promise that the text is about.
    by: Option<String>,
}

impl HappensNext {
    /// What a customer waits for; `None` where nothing more happens by itself.
    pub(crate) fn of(request: &RefundRequest) -> Option<Self> {
        let undated = |text: &str| Some(Self { text: text.to_owned(), by: None });
        match request.state() {
            State::NeedsInformation => undated("We decide once you have answered."),
            State::Submitted | State::InReview => Some(Self::answer(request)),
            State::Approved | State::Paying => match request.payout() {
                Some(payout) => undated(&sending(request, payout)),
                None => undated("We set up the discount. It lowers the price of your next renewal."),
            },
            State::Refunded => request.payout().and_then(|_| Self::money(request)),
            State::Failed | State::Refused | State::Withdrawn | State::Settled => None,
        }
    }

    fn answer(request: &RefundRequest) -> Self {
        let open =
            |clock: &&Clock| clock.ended_at.is_none() && clock.starts != ServiceLevelStart::RefundSucceeded;
        let clocks = || request.clocks().iter().filter(open);
        let next =
            clocks().filter(|clock| clock.noted() == ClockState::Running).min_by_key(|clock| clock.due_at);
        if let Some(clock) = next {
            let due_at = minute(clock.due_at);
            let text = if clock.firm {
                format!("You hear from us by {due_at}.")
            } else {
                format!("You usually hear from us by {due_at}.")
            };
            return Self { text, by: Some(clock.due_at.to_string()) };
        }
        let late = clocks().any(|clock| clock.noted() == ClockState::Breached);
        let text = if late {
            "We are late with our answer, and we are sorry. Your request is still waiting for a person."
        } else {
            "A person looks at your request, and you hear from us."
        };
        Self { text: text.to_owned(), by: None }
    }

    /// Money that Stripe has sent.
    fn money(request: &RefundRequest) -> Option<Self> {
        let mut clocks =
            request.clocks().iter().filter(|clock| clock.starts == ServiceLevelStart::RefundSucceeded);
        let Some(clock) = clocks.next_back() else {
            let text = "Your refund is on its way. Your bank decides how soon it shows it.".to_owned();
            return request.arrived_at().is_none().then_some(Self { text, by: None });
        };
        match clock.noted() {
            _ if clock.ended_at.is_some() => None,
            ClockState::Breached => Some(Self {
                text: "Your refund should be with you by now. A person looks into it.".to_owned(),
                by: None,
            }),
            ClockState::Running | ClockState::Paused | ClockState::Met => Some(Self {
                text: format!("Your refund is on its way. Banks show it by {}.", minute(clock.due_at)),
                by: Some(clock.due_at.to_string()),
            }),
        }
    }
}

/// Money that is approved.
fn sending(request: &RefundRequest, payout: &Payout) -> String {
    if payout.needs_customer() {
        let provider = payout.provider.title();
        return format!("We send your refund once you have answered {provider}'s e-mail.");
    }
    let decision = &request.case.decision;
    let document = documents().version(&decision.document, &decision.version);
    let promise = document.zip(request.product()).and_then(|(document, product)| arrival(document, product));
    let provider = payout.provider.title();
    let sent = if payout.by_hand {
        format!("One of our team makes your refund at {provider}. You do not have to do anything.")
    } else {
        format!("We send your refund through {provider}. You do not have to do anything.")
    };
    match promise {
        Some(promise) => format!("{sent} Banks show it within {}.", promise.latest),
        None => sent,
    }
}
