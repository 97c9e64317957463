//! What can go wrong with an exchange, whatever it is about.

use std::io;

use tokio_rustls::rustls;

/// Whether a call took effect although it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TookEffect {
    /// It did not.
    No,
    /// It may have: only the provider's own record tells.
    Unknown,
}

/// Why a transport cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No certificate can be for this host.
    #[error("host `{host}` cannot be named in a certificate")]
    HostName { host: String },
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// Why an exchange gave no complete answer.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// No connection, or no TLS, within its time: nothing was sent.
    #[error("cannot connect")]
    Connect(#[source] io::Error),
    /// The request was sent and no complete answer came in time.
    #[error("no answer came in time")]
    Timeout,
    /// The connection broke after the request was sent, before the answer or in its middle.
    #[error("the connection broke off")]
    ConnectionLost(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An answer of more than 1 MiB.
    #[error("the answer has more than 1 MiB")]
    TooLarge,
}
