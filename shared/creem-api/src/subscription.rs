//! Subscriptions: how they stand, and cancelling them.

use creem_events::CreemSubscription;
use primitives::SubscriptionId;
use serde_json::{Value, json};

use crate::client::{CreemClient, text, with_query};
use crate::error::CreemError;

/// When a cancellation takes effect. It is always sent: without it Creem follows a setting of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelMode {
    Immediate,
    /// With the period that is paid; what happens then is a cancellation, and not a pause.
    Scheduled,
}

impl CreemClient {
    /// The subscription as Creem has it at this moment.
    pub async fn subscription(&self, id: &SubscriptionId) -> Result<CreemSubscription, CreemError> {
        let target = with_query("/v1/subscriptions", &[("subscription_id", id.as_str())]);
        let body = self.get(&target).await.map_err(CreemError::of_read)?;
        self.read_subscription(id, text(&body)?)
    }

    /// The same, as the JSON object that Creem answers.
    pub async fn subscription_object(&self, id: &SubscriptionId) -> Result<Value, CreemError> {
        let target = with_query("/v1/subscriptions", &[("subscription_id", id.as_str())]);
        let body = self.get(&target).await.map_err(CreemError::of_read)?;
        self.read_subscription(id, text(&body)?)?;
        serde_json::from_slice(&body).map_err(|_| CreemError::Unreadable { what: "expected a JSON object" })
    }

    /// Makes one attempt to cancel a subscription. To ask again for what was asked before changes nothing;
    /// one that has ended is refused.
    pub async fn cancel_subscription(
        &self,
        id: &SubscriptionId,
        mode: CancelMode,
    ) -> Result<CreemSubscription, CreemError> {
        let body = match mode {
            CancelMode::Immediate => json!({ "mode": "immediate" }),
            CancelMode::Scheduled => json!({ "mode": "scheduled", "onExecute": "cancel" }),
        };
        let answer = self.post(&format!("/v1/subscriptions/{id}/cancel"), &body).await?;
        self.read_subscription(id, text(&answer)?)
    }

    fn read_subscription(&self, id: &SubscriptionId, text: &str) -> Result<CreemSubscription, CreemError> {
        let subscription = CreemSubscription::from_json(text)?;
        self.check_mode(subscription.mode.as_ref())?;
        if subscription.id == *id {
            Ok(subscription)
        } else {
            Err(CreemError::Unreadable { what: "expected the subscription that was asked for" })
        }
    }
}
