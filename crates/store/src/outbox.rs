//! The outbox: messages that leave with the change that causes them, delivered after, at least once.

use claviger_model::Timestamp;

use crate::scope::Scope;

/// A message to deliver: an e-mail, an SMS, a webhook call. Bodies carry one-time links, so they are sealed at rest and
/// masked in `Debug`.
#[derive(Clone, PartialEq)]
pub struct Message {
    /// Unique for ever; the receiver's idempotency key.
    pub id: String,
    /// The owner.
    pub scope: Scope,
    /// How it goes: `email`, `sms`.
    pub channel: String,
    /// What the channel's deliverer understands.
    pub body: serde_json::Value,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("scope", &self.scope)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

/// A message that this caller may deliver until its lease ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// How many times it has been handed out, this one included.
    pub attempts: u32,
    /// Until when no other caller gets it.
    pub lease: Timestamp,
}
