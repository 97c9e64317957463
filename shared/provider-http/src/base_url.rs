//! Where a provider is: encrypted, or a stand-in on this machine.

use std::net::IpAddr;

use hyper::Uri;

/// Why a text is not where a provider can be.
#[derive(Debug, thiserror::Error)]
pub enum BaseUrlError {
    /// Not `https://host[:port]`.
    #[error("base URL `{url}` is not of the form `https://host[:port]`")]
    Malformed {
        /// The text that was given, without what stands before an `@`.
        url: String,
    },
    /// Not encrypted, and not on this machine.
    #[error("base URL `{url}` must begin with `https://`; `http://` is for loopback hosts only")]
    Unencrypted {
        /// The text that was given.
        url: String,
    },
}

/// A base URL, read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    pub encrypted: bool,
    /// Without brackets around an IPv6 address.
    pub host: String,
    pub port: u16,
    /// The `Host` header.
    pub authority: String,
}

impl BaseUrl {
    /// Reads `https://host[:port]`, or `http://` for a host on this machine.
    pub fn parse(url: &str) -> Result<Self, BaseUrlError> {
        // What stands before an `@` may be a secret.
        let shown = || url.rsplit('@').next().unwrap_or_default().to_owned();
        let malformed = || BaseUrlError::Malformed { url: shown() };
        let uri: Uri = url.parse().map_err(|_| malformed())?;
        let authority = uri.authority().ok_or_else(malformed)?;
        if authority.as_str().contains('@') || uri.path() != "/" || uri.query().is_some() {
            return Err(malformed());
        }
        let host = uri.host().ok_or_else(malformed)?.trim_matches(['[', ']']).to_owned();
        let encrypted = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if is_loopback(&host) => false,
            Some("http") => return Err(BaseUrlError::Unencrypted { url: shown() }),
            _ => return Err(malformed()),
        };
        let port = uri.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
        Ok(Self { encrypted, host, port, authority: authority.as_str().to_owned() })
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_hosts_are_reached_without_tls() {
        for (url, expected) in [
            ("https://api.example.com", Some((true, "api.example.com", 443))),
            ("https://api.example.com/", Some((true, "api.example.com", 443))),
            ("https://127.0.0.1:8443", Some((true, "127.0.0.1", 8443))),
            ("http://127.0.0.1:12111", Some((false, "127.0.0.1", 12111))),
            ("http://127.8.9.10", Some((false, "127.8.9.10", 80))),
            ("http://localhost:12111", Some((false, "localhost", 12111))),
            ("http://[::1]:12111", Some((false, "::1", 12111))),
            ("http://api.example.com", None),
            ("http://localhost.example.com", None),
            ("http://10.0.0.1", None),
            ("http://127.0.0.1.example.com", None),
            ("http://127.0.0.1@example.com", None),
            ("https://user:pass@api.example.com", None),
            ("https://api.example.com/v1", None),
            ("https://api.example.com?a=b", None),
            ("ftp://127.0.0.1", None),
            ("api.example.com", None),
            ("", None),
        ] {
            let read = BaseUrl::parse(url).ok();
            let read = read.as_ref().map(|base| (base.encrypted, base.host.as_str(), base.port));
            assert_eq!(read, expected, "{url}");
        }
    }

    #[test]
    fn errors_show_no_credentials() {
        for url in ["https://user:hidden@api.example.com", "http://hidden@example.com"] {
            let error = BaseUrl::parse(url).unwrap_err();
            assert!(!error.to_string().contains("hidden"), "{error}");
            assert!(!format!("{error:?}").contains("hidden"), "{error:?}");
        }
    }
}
