//! Configuration: environment variables, read once at start-up, with errors that name the variable and
//! what it is expected to hold, and never what it holds.

use std::collections::BTreeMap;
use std::str::FromStr;

/// Why a function cannot start with the environment it was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The variable is not set, or empty.
    #[error("`{name}` is not set; expected {expected}")]
    Missing {
        /// The variable.
        name: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// The variable holds something else than what is expected.
    #[error("`{name}` is not valid; expected {expected}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// Two variables, each valid by itself, cannot be used together.
    #[error("`{name}` and `{other}` do not fit together; expected {expected}")]
    Conflict {
        /// One variable.
        name: &'static str,
        /// The other variable.
        other: &'static str,
        /// What they should hold.
        expected: &'static str,
    },
}

/// Environment variables. A value of white space alone counts as not set.
#[derive(Clone, Default)]
pub struct Env {
    /// Values for tests; the process's own environment when absent.
    given: Option<BTreeMap<String, String>>,
}

impl Env {
    /// The environment of this process.
    pub fn process() -> Self {
        Self { given: None }
    }

    /// An environment of the given variables only.
    pub fn of<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let owned = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { given: Some(owned.collect()) }
    }

    /// The text of `name`, if it is set.
    pub fn optional(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        let value = match &self.given {
            Some(variables) => variables.get(name).cloned(),
            None => process_variable(name)?,
        };
        Ok(value.filter(|value| !value.trim().is_empty()))
    }

    /// The text of `name`.
    pub fn required(&self, name: &'static str) -> Result<String, ConfigError> {
        self.optional(name)?.ok_or(ConfigError::Missing { name, expected: "a text" })
    }

    /// `name` parsed as a `T`, if it is set; `expected` says in words what it should hold.
    pub fn parse<T: FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, ConfigError> {
        self.optional(name)?
            .map(|value| value.parse().map_err(|_| ConfigError::Invalid { name, expected }))
            .transpose()
    }

    /// `name` as a boolean, false when it is not set.
    pub fn boolean(&self, name: &'static str) -> Result<bool, ConfigError> {
        self.parse(name, "`true` or `false`").map(Option::unwrap_or_default)
    }

    /// `name` as the base of an address: `https`, or `http` on loopback, without a user or a query.
    pub fn url(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        let expected = "an https address, or an http address on loopback";
        match self.optional(name)? {
            Some(value) if is_safe_url(&value) => Ok(Some(value)),
            Some(_) => Err(ConfigError::Invalid { name, expected }),
            None => Ok(None),
        }
    }

    /// `name` as a list of texts, separated by commas, with at least one.
    pub fn list(&self, name: &'static str) -> Result<Vec<String>, ConfigError> {
        let expected = "one or more texts, separated by commas";
        let value = self.optional(name)?.ok_or(ConfigError::Missing { name, expected })?;
        let items: Vec<String> = value.split(',').map(|item| item.trim().to_owned()).collect();
        if items.iter().any(String::is_empty) {
            Err(ConfigError::Invalid { name, expected })
        } else {
            Ok(items)
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn process_variable(name: &'static str) -> Result<Option<String>, ConfigError> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(ConfigError::Invalid { name, expected: "UTF-8" }),
    }
}

/// Plain http would carry credentials and customers' data in the clear: only loopback may use it.
fn is_safe_url(text: &str) -> bool {
    let Ok(url) = text.parse::<::http::Uri>() else { return false };
    let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else { return false };
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let loopback =
        host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    !authority.as_str().contains('@')
        && url.query().is_none()
        && !host.is_empty()
        && (scheme == "https" || (scheme == "http" && loopback))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_variable_and_never_its_value() {
        let env = Env::of([("SWITCH", "hunter2"), ("BLANK", " \n"), ("LIST", "a,,b")]);
        for (result, text) in [
            (env.required("TABLE").map(drop), "`TABLE` is not set; expected a text"),
            (env.required("BLANK").map(drop), "`BLANK` is not set; expected a text"),
            (env.boolean("SWITCH").map(drop), "`SWITCH` is not valid; expected `true` or `false`"),
            (env.parse::<u16>("SWITCH", "a port").map(drop), "`SWITCH` is not valid; expected a port"),
            (
                env.url("SWITCH").map(drop),
                "`SWITCH` is not valid; expected an https address, or an http address on loopback",
            ),
            (
                env.list("LIST").map(drop),
                "`LIST` is not valid; expected one or more texts, separated by commas",
            ),
        ] {
            assert_eq!(result.unwrap_err().to_string(), text);
        }
    }

    #[test]
    fn values_are_typed() {
        let env = Env::of([("A", "true"), ("B", "7"), ("C", "x, y")]);
        assert_eq!(env.boolean("A"), Ok(true));
        assert_eq!(env.boolean("ABSENT"), Ok(false));
        assert_eq!(env.parse("B", "a number"), Ok(Some(7_u8)));
        assert_eq!(env.list("C"), Ok(vec!["x".to_owned(), "y".to_owned()]));
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        for (url, safe) in [
            ("https://dynamodb.eu-central-1.amazonaws.com", true),
            ("http://127.0.0.1:4566", true),
            ("http://localhost:4566/", true),
            ("http://[::1]:4566", true),
            ("http://10.0.0.1:4566", false),
            ("http://localhost.example.com", false),
            ("http://127.0.0.1@example.com", false),
            ("http://127.0.0.1:80@example.com", false),
            ("https://user@example.com", false),
            ("https://example.com/?a=b", false),
            ("ftp://127.0.0.1", false),
            ("127.0.0.1:4566", false),
            ("https://", false),
        ] {
            assert_eq!(is_safe_url(url), safe, "{url}");
        }
    }
}
