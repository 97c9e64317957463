//! The settings of every AWS client, built without provider chains.
//!
//! The environment that Lambda gives a function goes in, an [`SdkConfig`] comes out. Region and
//! credentials are the environment's; Lambda replaces the whole process before they expire. Endpoints
//! are trusted through the five roots that AWS chains to, embedded here: reading the system's
//! certificate folder would cost 5 ms of each start.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::{ReconnectMode, RetryConfig};
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use tokio_rustls::rustls::RootCertStore;

use crate::config::{ConfigError, Env};

mod amazon_roots;
mod transport;

use amazon_roots::AMAZON_ROOTS;
use transport::Transport;

/// TCP and TLS within a region take milliseconds; a lost packet is sent again after one second.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Twenty times the slowest percent of DynamoDB's transactions (92 ms): what takes longer is lost.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
/// Two lost attempts and a good one, within half of the shortest function timeout (10 s): a failure is still
/// answered as one.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(5);
/// The SDK's own standard: the first call and two retries.
const ATTEMPTS_MAX: u32 = 3;

/// The longest wait before the second attempt, and twice as long before the third. The SDK's own second is as
/// long as a whole invocation; a connection that was lost while the function was frozen is replaced at once.
const RETRY_BASE: Duration = Duration::from_millis(50);

/// Where calls go, as whom, and which authorities are trusted.
#[derive(Clone)]
pub struct SdkSettings {
    region: String,
    credentials: Credentials,
    endpoint_url: Option<String>,
    ca_bundle: Option<RootCertStore>,
}

impl SdkSettings {
    /// Reads `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, and, for a
    /// local stack, `AWS_ENDPOINT_URL` and `AWS_CA_BUNDLE` (a PEM file that replaces the embedded roots).
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let credentials = Credentials::new(
            env.required("AWS_ACCESS_KEY_ID")?,
            env.required("AWS_SECRET_ACCESS_KEY")?,
            env.optional("AWS_SESSION_TOKEN")?,
            None,
            "environment",
        );
        let ca_bundle = env.optional("AWS_CA_BUNDLE")?.map(|path| read_bundle(&path)).transpose()?;
        Ok(Self {
            region: env.required("AWS_REGION")?,
            credentials,
            endpoint_url: env.url("AWS_ENDPOINT_URL")?,
            ca_bundle,
        })
    }

    /// The settings for the clients: `aws_sdk_dynamodb::Client::new(&settings.sdk_config())`.
    ///
    /// Clients of one `SdkConfig` share their connections.
    pub fn sdk_config(&self) -> SdkConfig {
        let embedded = || RootCertStore { roots: AMAZON_ROOTS.to_vec() };
        let roots = self.ca_bundle.clone().unwrap_or_else(embedded);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS_MAX)
            .with_initial_backoff(RETRY_BASE)
            // An attempt that ran out of time takes its connection with it; an answer of 500 says nothing
            // about the connection.
            .with_reconnect_mode(ReconnectMode::ReuseAllConnections);
        let mut builder = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(self.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(self.credentials.clone()))
            .http_client(Transport::new(roots, CONNECT_TIMEOUT, transport::IDLE_MAX))
            .retry_config(retries)
            .timeout_config(timeouts)
            // Whole answers are read within the attempt's own timeout: nothing streams.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .sleep_impl(TokioSleep::new())
            .time_source(SystemTimeSource::new());
        builder.set_endpoint_url(self.endpoint_url.clone());
        builder.build()
    }
}

/// Reads a PEM file.
fn read_bundle(path: &str) -> Result<RootCertStore, ConfigError> {
    let invalid = ConfigError::Invalid {
        name: "AWS_CA_BUNDLE",
        expected: "the path of a PEM file with one or more certificates",
    };
    let pem = std::fs::read(path).map_err(|_| invalid.clone())?;
    transport::roots(&pem).ok_or(invalid)
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject as _;
    use sha2::{Digest, Sha256};

    use super::*;

    /// The five certificates as Mozilla's list has them (crate webpki-root-certs 1.0.11).
    const AMAZON_ROOTS_PEM: &[u8] = include_bytes!("amazon-roots.pem");

    /// What Lambda sets.
    const LAMBDA: [(&str, &str); 4] = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret-of-the-test"),
        ("AWS_SESSION_TOKEN", "token-of-the-test"),
    ];

    fn env_with<'a>(variables: &[(&'a str, &'a str)]) -> Env {
        Env::of(LAMBDA.iter().chain(variables).copied())
    }

    #[test]
    fn the_environment_of_lambda_is_enough() {
        let config = SdkSettings::from_env(&env_with(&[])).unwrap().sdk_config();
        assert_eq!(config.region().map(AsRef::as_ref), Some("eu-central-1"));
        assert_eq!(config.endpoint_url(), None);
        assert_eq!(config.retry_config().map(RetryConfig::max_attempts), Some(3));
        assert!(config.http_client().is_some() && config.credentials_provider().is_some());
    }

    #[test]
    fn a_local_endpoint_is_taken_and_a_plain_remote_one_refused() {
        let local = SdkSettings::from_env(&env_with(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")]));
        assert_eq!(local.unwrap().sdk_config().endpoint_url(), Some("http://127.0.0.1:4566"));
        let remote = SdkSettings::from_env(&env_with(&[("AWS_ENDPOINT_URL", "http://example.com")]));
        assert!(matches!(remote.map(drop), Err(ConfigError::Invalid { name: "AWS_ENDPOINT_URL", .. })));
    }

    #[test]
    fn a_missing_credential_is_named() {
        for (missing, _) in LAMBDA.iter().filter(|(name, _)| *name != "AWS_SESSION_TOKEN") {
            let env = Env::of(LAMBDA.iter().filter(|(name, _)| name != missing).copied());
            let error = SdkSettings::from_env(&env).map(drop).unwrap_err();
            assert!(matches!(&error, ConfigError::Missing { name, .. } if name == missing), "{error}");
        }
    }

    #[test]
    fn a_bundle_that_is_not_one_is_refused() {
        let count = |pem: &[u8]| transport::roots(pem).map(|roots| roots.len());
        assert_eq!(count(AMAZON_ROOTS_PEM), Some(5));
        assert_eq!(count(b"nothing"), None);
        assert_eq!(count(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), None);
        for path in ["/nonexistent", "/dev/null"] {
            let refused = SdkSettings::from_env(&env_with(&[("AWS_CA_BUNDLE", path)])).map(drop);
            assert!(matches!(refused, Err(ConfigError::Invalid { name: "AWS_CA_BUNDLE", .. })), "{path}");
        }
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    #[test]
    fn the_embedded_roots_are_the_published_ones() {
        let fingerprints: Vec<String> = CertificateDer::pem_slice_iter(AMAZON_ROOTS_PEM)
            .map(|der| hex(&Sha256::digest(der.unwrap())))
            .collect();
        // The SHA-256 that Amazon's page gives for each.
        assert_eq!(
            fingerprints,
            [
                "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
                "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
                "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
                "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
                "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
            ]
        );
        assert_eq!(transport::roots(AMAZON_ROOTS_PEM).unwrap().roots, AMAZON_ROOTS);
    }
}
