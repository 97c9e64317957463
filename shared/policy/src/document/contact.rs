//! How customers reach the business: where requests come in, and the way to a person.

use serde::{Deserialize, Serialize};

/// Where requests come in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intake {
    /// The clause that says so.
    pub clause: String,
    /// The channel that the text names: a word of the fact `intake_channel`. Other channels are recorded
    /// as what they are and never refused.
    pub channel: String,
    /// What customers read: an address, or a way to the form.
    pub contact: String,
    /// The one address for questions about refunds, where the text has one (`S3-29`): the door shows it.
    pub address: Option<String>,
}

/// The way to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Door {
    /// The clause that opens it.
    pub clause: String,
    /// What the customer reads.
    pub text: String,
}
