//! Who calls: the claims of an access token that the gateway has verified, checked again here.
//!
//! The gateway checks the signature; whether it checks everything else depends on the gateway, so issuer,
//! audience, times, use and scope are checked here before anything is done. [`UnverifiedClaims`] go in, a
//! [`Caller`] comes out, and nothing else makes a `Caller`.
//!
//! Any issuer of OIDC will do whose access tokens have a scope. Cognito calls what a token is for
//! `token_use`, and its groups `cognito:groups`; others have no such claim, and `groups`.
//!
//! A support person's role rests on names that cannot be part of another name: a scope, which has no spaces
//! (RFC 6749, 3.3), or a group that is the list's only element or an element of a JSON list. API Gateway
//! writes the list of `Tier 2` and `support` and the list of one `Tier 2 support` alike, so that a flattened
//! list of more than one word makes nobody support.

use primitives::{AccountId, ServiceId, Timestamp};

use crate::config::{ConfigError, Env};
use crate::http::{Problem, ProblemKind};

mod claims;
mod error;

pub use claims::UnverifiedClaims;
pub use error::CallerError;

/// The claims that may hold the groups of a person: Cognito's, and that of most other issuers.
const GROUPS: [&str; 2] = ["cognito:groups", "groups"];
/// Clocks of an issuer and ours may differ by as much (RFC 7519, 4.1.4: "a few minutes at most").
const LEEWAY_S: i64 = 60;

/// Which tokens are accepted, and what makes whom.
#[derive(Debug, Clone)]
pub struct CallerRules {
    issuer: String,
    customer_audiences: Vec<String>,
    service_audiences: Vec<String>,
    customer_scope: String,
    service_scope: String,
    support_group: String,
    support_scope: Option<String>,
}

impl CallerRules {
    /// Reads `TOKEN_ISSUER`, `CUSTOMER_AUDIENCES`, `SERVICE_AUDIENCES`, `CUSTOMER_SCOPE`, `SERVICE_SCOPE`,
    /// `SUPPORT_GROUP` and, if it is set, `SUPPORT_SCOPE`.
    ///
    /// An audience cannot be both a customer's and a service's, and the support scope is no other scope. A
    /// group's name is one word without brackets or commas.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let rules = Self {
            issuer: env.required("TOKEN_ISSUER")?,
            customer_audiences: env.list("CUSTOMER_AUDIENCES")?,
            service_audiences: env.list("SERVICE_AUDIENCES")?,
            customer_scope: env.required("CUSTOMER_SCOPE")?,
            service_scope: env.required("SERVICE_SCOPE")?,
            support_group: env.required("SUPPORT_GROUP")?,
            support_scope: env.optional("SUPPORT_SCOPE")?,
        };
        if !rules.support_group.chars().all(is_of_a_group) {
            return Err(ConfigError::Invalid {
                name: "SUPPORT_GROUP",
                expected: "a name of letters, digits and `:_/.-`",
            });
        }
        if let Some(scope) = &rules.support_scope {
            if scope.contains(char::is_whitespace) {
                return Err(ConfigError::Invalid { name: "SUPPORT_SCOPE", expected: "one scope" });
            }
            for (other, name) in
                [(&rules.customer_scope, "CUSTOMER_SCOPE"), (&rules.service_scope, "SERVICE_SCOPE")]
            {
                if scope == other {
                    let expected = "a scope of its own for support";
                    return Err(ConfigError::Conflict { name: "SUPPORT_SCOPE", other: name, expected });
                }
            }
        }
        if rules.customer_audiences.iter().any(|audience| rules.service_audiences.contains(audience)) {
            return Err(ConfigError::Conflict {
                name: "CUSTOMER_AUDIENCES",
                other: "SERVICE_AUDIENCES",
                expected: "audiences of one kind only",
            });
        }
        Ok(rules)
    }
}

/// What the name of support's group is made of.
fn is_of_a_group(character: char) -> bool {
    character.is_ascii_alphanumeric() || ":_/.-".contains(character)
}

impl From<CallerError> for Problem {
    fn from(error: CallerError) -> Self {
        let kind = match error {
            CallerError::Scope => ProblemKind::Forbidden,
            _ => ProblemKind::Unauthenticated,
        };
        Self::new(kind).detail(error.to_string())
    }
}

/// What a caller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Someone with an account of their own.
    Customer,
    /// A generation service.
    Service,
    /// A person who works on requests.
    Support,
}

/// A caller whose token has been checked. Only [`Caller::check`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    role: Role,
    subject: AccountId,
}

impl Caller {
    /// Checks the claims; none at all is an error of its own.
    pub fn check(
        claims: Option<&UnverifiedClaims<'_>>,
        rules: &CallerRules,
        now: Timestamp,
    ) -> Result<Self, CallerError> {
        let claims = claims.ok_or(CallerError::NoClaims)?;
        if claims.text("iss")? != rules.issuer {
            return Err(CallerError::Issuer);
        }
        // Where the claim is missing, the scope below tells: an ID token has none.
        if claims.has("token_use") && claims.text("token_use")? != "access" {
            return Err(CallerError::TokenUse);
        }
        let now_s = now.as_s();
        if claims.seconds("exp")?.ok_or(CallerError::MissingClaim("exp"))? <= now_s {
            return Err(CallerError::Expired);
        }
        for name in ["nbf", "iat"] {
            if claims.seconds(name)?.is_some_and(|instant| instant > now_s.saturating_add(LEEWAY_S)) {
                return Err(CallerError::NotYetValid);
            }
        }
        // As the gateway does: `client_id` counts only where there is no `aud`, as in Cognito's tokens.
        let audiences = match claims.list("aud")? {
            Some(audiences) => audiences,
            None => vec![claims.text("client_id").map_err(|_| CallerError::MissingClaim("aud"))?],
        };
        let is_one_of =
            |known: &[String]| audiences.iter().any(|audience| known.iter().any(|it| it == audience));
        let (is_service, scope) =
            match (is_one_of(&rules.service_audiences), is_one_of(&rules.customer_audiences)) {
                (true, false) => (true, &rules.service_scope),
                (false, true) => (false, &rules.customer_scope),
                // A token for both kinds would leave the role to the order of these lines.
                (true, true) | (false, false) => return Err(CallerError::Audience),
            };
        let subject = claims.text("sub")?;
        let subject = AccountId::new(subject).map_err(|_| CallerError::MalformedClaim("sub"))?;
        let scopes = claims.scopes()?;
        if !scopes.iter().any(|granted| granted == scope) {
            return Err(CallerError::Scope);
        }
        let mut is_support = rules.support_scope.as_deref().is_some_and(|support| scopes.contains(&support));
        for name in GROUPS {
            is_support |= claims.is_in(name, &rules.support_group)?;
        }
        let role = if is_service {
            Role::Service
        } else if is_support {
            Role::Support
        } else {
            Role::Customer
        };
        Ok(Self { role, subject })
    }

    /// What the caller is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The token's `sub`: the account of a customer, the id of a support person or of a service's client.
    pub fn subject(&self) -> &str {
        self.subject.as_str()
    }

    /// The caller's own account, if the caller is a customer.
    pub fn account(&self) -> Option<&AccountId> {
        (self.role == Role::Customer).then_some(&self.subject)
    }

    /// The service that calls, if the caller is one: what its holds are kept under.
    pub fn service(&self) -> Option<ServiceId> {
        // Both kinds of ids follow one rule.
        ServiceId::new(self.subject.as_str()).ok().filter(|_| self.role == Role::Service)
    }

    /// Whether the caller may reach `account` on a route that is for `roles`.
    ///
    /// A role that the route is not for is forbidden, for every account. Somebody else's account is answered
    /// exactly as a missing one.
    pub fn may_reach(&self, account: &AccountId, roles: &[Role]) -> Result<(), Problem> {
        self.must_be(roles)?;
        if self.account().is_some_and(|own| own != account) {
            return Err(Problem::new(ProblemKind::NotFound));
        }
        Ok(())
    }

    /// Whether a route that is for `roles` and names no account is for the caller.
    pub fn must_be(&self, roles: &[Role]) -> Result<(), Problem> {
        if roles.contains(&self.role) { Ok(()) } else { Err(Problem::new(ProblemKind::Forbidden)) }
    }
}

#[cfg(test)]
mod tests;
