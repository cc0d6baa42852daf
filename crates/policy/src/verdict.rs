//! From what the layers say to the decision: who has to allow, in one account and across two (IAM user guide, "Evaluating
//! identity-based policies with resource-based policies", "Cross-account policy evaluation logic").

use crate::decision::Layer;
use crate::facts::Facts;
use crate::layers::{Layers, ResourceRule};
use crate::principal::{Form, Forms};
use crate::recorder::{Answer, Recorder};
use crate::request::{Principal, PrincipalKind, Request};

/// What a layer says by itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Said {
    pub(crate) denied: bool,
    pub(crate) allowed: bool,
    /// The names by which a policy on the resource grants.
    pub(crate) forms: Forms,
}

impl Said {
    pub(crate) const fn answer(self) -> Answer {
        match self {
            Self { denied: true, .. } => Answer::ExplicitDeny,
            Self { allowed: true, .. } => Answer::Allow,
            _ => Answer::ImplicitDeny,
        }
    }
}

pub(crate) fn is_cross_account<F: Facts + ?Sized>(request: &Request<'_, F>) -> bool {
    match request.resource.account {
        None => false,
        Some(owner) => request.principal.account != Some(owner),
    }
}

/// What all layers said.
#[derive(Debug, Default)]
pub(crate) struct All {
    identity: Said,
    boundary: Option<Said>,
    session: Option<Said>,
    scp: Option<Said>,
    rcp: Option<Said>,
    resource: Option<Said>,
}

impl All {
    pub(crate) const fn set(&mut self, layer: Layer, said: Said) {
        match layer {
            Layer::Identity => self.identity = said,
            Layer::Boundary => self.boundary = Some(said),
            Layer::Session => self.session = Some(said),
            Layer::Scp => self.scp = Some(said),
            Layer::Rcp => self.rcp = Some(said),
            Layer::Resource => self.resource = Some(said),
        }
    }

    /// The first layer that had to allow and does not. Nothing denies.
    pub(crate) fn unmet<F: Facts + ?Sized>(
        &self,
        request: &Request<'_, F>,
        layers: &Layers<'_>,
    ) -> Option<Layer> {
        let refuses = |said: Option<Said>| said.is_some_and(|said| !said.allowed);
        if refuses(self.rcp) {
            return Some(Layer::Rcp);
        }
        if refuses(self.scp) {
            return Some(Layer::Scp);
        }
        let kind = request.principal.kind;
        // The root user needs no policy.
        let identity =
            (kind != PrincipalKind::Account && !self.identity.allowed).then_some(Layer::Identity);
        let boundary = refuses(self.boundary).then_some(Layer::Boundary);
        let session = refuses(self.session).then_some(Layer::Session);
        let own = identity.or(boundary).or(session);
        let rule = layers.resource_rule;
        let grants = self.resource.map(|said| said.forms).unwrap_or_default();
        if grants.is_empty() {
            let sufficient =
                rule == ResourceRule::Ordinary && !is_cross_account(request) && has_identity(kind);
            return if sufficient {
                own
            } else {
                Some(Layer::Resource)
            };
        }
        if !has_identity(kind) {
            // Everybody, in a trust policy, is everybody who has an allow of its own; these callers cannot.
            let sufficient = rule != ResourceRule::Trust || grants.has(Form::Own);
            return (!sufficient).then_some(Layer::Resource);
        }
        if is_cross_account(request) {
            return own;
        }
        let wanting = |form| match (rule, form, kind) {
            (_, Form::Account, _) | (ResourceRule::Trust, Form::Everyone, _) => own,
            (ResourceRule::Trust, _, _)
            | (_, Form::Role, _)
            | (_, Form::Everyone, PrincipalKind::Role) => boundary.or(session),
            (_, Form::Issuer, _) => session,
            (_, Form::Everyone | Form::Own, _) => None,
        };
        // One grant that lacks nothing is enough.
        let mut lacks = own;
        for form in grants.iter() {
            lacks = wanting(form);
            if lacks.is_none() {
                break;
            }
        }
        lacks
    }

    pub(crate) fn record_sides<R: Recorder>(&self, principal: &Principal<'_>, recorder: &mut R) {
        let join = |sides: &[Option<Said>]| {
            let said: Vec<Said> = sides.iter().flatten().copied().collect();
            if said.iter().any(|said| said.denied) {
                Answer::ExplicitDeny
            } else if said.iter().all(|said| said.allowed) {
                Answer::Allow
            } else {
                Answer::ImplicitDeny
            }
        };
        let mut identity = self.identity;
        identity.allowed |= principal.kind == PrincipalKind::Account;
        let resource = self.resource.unwrap_or_default();
        recorder.cross_account(
            join(&[Some(identity), self.boundary, self.session, self.scp]),
            join(&[Some(resource), self.rcp]),
        );
    }
}

/// Whether a caller of this kind has policies of its own.
const fn has_identity(kind: PrincipalKind) -> bool {
    !matches!(
        kind,
        PrincipalKind::Service | PrincipalKind::Federated | PrincipalKind::Anonymous
    )
}
