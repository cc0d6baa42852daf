//! The answer.

/// A kind of policy, as it takes part in a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Resource control policies.
    Rcp,
    /// Service control policies.
    Scp,
    /// The policy on the resource, role trust included.
    Resource,
    /// Identity policies.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// Session policies.
    Session,
}

/// What was decided, and which layer decided it (for the text of AccessDenied).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Everything that must allow does, and nothing denies.
    Allow,
    /// A statement with Deny matches in this layer; no allow anywhere outweighs it.
    ExplicitDeny(Layer),
    /// The first layer, in the order of AWS's evaluation logic, that had to allow and does not.
    ImplicitDeny(Layer),
    /// The policies ask for more work than the bound on steps grants; treated as an explicit deny. No policy within IAM's
    /// size limits that was not made for the purpose comes near it.
    TooComplex(Layer),
}

impl Decision {
    /// Whether the request may go ahead.
    #[must_use]
    pub const fn is_allow(self) -> bool {
        matches!(self, Self::Allow)
    }

    /// Whether a Deny, or the bound on steps, ended it.
    #[must_use]
    pub const fn is_explicit_deny(self) -> bool {
        matches!(self, Self::ExplicitDeny(_) | Self::TooComplex(_))
    }

    /// The layer that denied.
    #[must_use]
    pub const fn layer(self) -> Option<Layer> {
        match self {
            Self::Allow => None,
            Self::ExplicitDeny(layer) | Self::ImplicitDeny(layer) | Self::TooComplex(layer) => {
                Some(layer)
            }
        }
    }

    /// `allowed`, `explicitDeny` or `implicitDeny`, as the simulator writes it (API reference, EvaluationResult).
    #[must_use]
    pub const fn simulator_name(self) -> &'static str {
        match self {
            Self::Allow => "allowed",
            Self::ExplicitDeny(_) | Self::TooComplex(_) => "explicitDeny",
            Self::ImplicitDeny(_) => "implicitDeny",
        }
    }
}
