//! Explaining a decision: the same evaluation, watched.
//!
//! [`crate::decide()`] is generic over a [`Recorder`]. [`Silent`] compiles to nothing and lets the evaluation stop at the first
//! Deny; [`Explanation`] has every statement of every layer evaluated and keeps what it saw.

use crate::decision::{Decision, Layer};
use crate::json::Position;
use crate::policy::{Effect, Statement};

/// What came of an element of a statement, or of the whole of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Truth {
    /// It matches.
    True,
    /// It does not match.
    False,
    /// It cannot be understood: a Deny then matches, an Allow does not.
    Unsure,
}

impl From<bool> for Truth {
    fn from(truth: bool) -> Self {
        if truth { Self::True } else { Self::False }
    }
}

impl Truth {
    pub(crate) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            _ => Self::Unsure,
        }
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, _) | (_, Self::True) => Self::True,
            (Self::False, Self::False) => Self::False,
            _ => Self::Unsure,
        }
    }

    pub(crate) const fn negated_if(self, negate: bool) -> Self {
        match self {
            Self::True if negate => Self::False,
            Self::False if negate => Self::True,
            same => same,
        }
    }
}

/// An element of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Element {
    /// Principal or NotPrincipal.
    Principal,
    /// Action or NotAction.
    Action,
    /// Resource or NotResource.
    Resource,
    /// One key of one operator of Condition: its place in [`Statement::conditions`].
    Condition(usize),
}

/// Where a statement stands among the policies of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// Its layer.
    pub layer: Layer,
    /// The level within the organization, counted from 0 (root); 0 for the other layers.
    pub level: usize,
    /// The policy's place in its slice of [`crate::Layers`].
    pub policy: usize,
    /// What the caller put into [`crate::PolicyRef::label`].
    pub label: u32,
    /// The statement's place in its policy, counted from 0.
    pub statement: usize,
}

/// Watches a decision being made.
pub trait Recorder {
    /// Whether everything is to be evaluated, or only as much as the decision needs.
    const EXPLAINS: bool;

    /// An element of the statement at `place` was evaluated.
    fn element(&mut self, place: Place, element: Element, truth: Truth);

    /// A key that the statement at `place` asked for, in a condition or a variable, is not in the request. `key` as written.
    fn missing(&mut self, place: Place, key: &str);

    /// The statement at `place` was evaluated. `applies`: it takes part in the decision.
    fn statement(&mut self, place: Place, statement: &Statement, applies: bool);

    /// What a layer as a whole says by itself; layers that are absent say nothing.
    fn layer(&mut self, layer: Layer, answer: Answer);

    /// Caller and resource belong to different accounts; what each side says by itself.
    fn cross_account(&mut self, identity: Answer, resource: Answer);

    /// The decision.
    fn decided(&mut self, decision: Decision);
}

/// What one layer, or one side, says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Something allows, nothing denies.
    Allow,
    /// A Deny matches.
    ExplicitDeny,
    /// Nothing matches that would suffice.
    ImplicitDeny,
}

/// Records nothing: for enforcement.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Recorder for Silent {
    const EXPLAINS: bool = false;
    fn element(&mut self, _: Place, _: Element, _: Truth) {}
    fn missing(&mut self, _: Place, _: &str) {}
    fn statement(&mut self, _: Place, _: &Statement, _: bool) {}
    fn layer(&mut self, _: Layer, _: Answer) {}
    fn cross_account(&mut self, _: Answer, _: Answer) {}
    fn decided(&mut self, _: Decision) {}
}

/// A statement that took part in the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// Where it stands.
    pub place: Place,
    /// Its Sid, if it has one.
    pub sid: Option<Box<str>>,
    /// Allow or Deny.
    pub effect: Effect,
    /// Where its `{` stands.
    pub start: Position,
    /// Where its `}` stands.
    pub end: Position,
}

/// How one statement was evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Where it stands.
    pub place: Place,
    /// Its elements in the order of evaluation, as far as it went: what follows an element that is false is not evaluated, but
    /// all conditions are once one is.
    pub elements: Vec<(Element, Truth)>,
    /// Whether it applies.
    pub applies: bool,
}

/// Keeps all there is to tell about a decision.
#[derive(Debug, Clone, Default)]
pub struct Explanation {
    matched: Vec<Matched>,
    trace: Vec<Trace>,
    pending: Vec<(Element, Truth)>,
    missing: Vec<Box<str>>,
    layers: Vec<(Layer, Answer)>,
    cross_account: Option<(Answer, Answer)>,
    decision: Option<Decision>,
}

impl Explanation {
    /// An empty one, to be handed to [`crate::decide()`] once.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The statements that decided: the denying ones after an explicit deny, the allowing ones after an allow, none after an implicit deny.
    pub fn deciding(&self) -> impl Iterator<Item = &Matched> {
        let wanted = match self.decision {
            Some(Decision::Allow) => Some(Effect::Allow),
            Some(Decision::ExplicitDeny(_)) => Some(Effect::Deny),
            _ => None,
        };
        self.matched
            .iter()
            .filter(move |matched| Some(matched.effect) == wanted)
    }

    /// All statements that match, whether or not they decided.
    #[must_use]
    pub fn matched(&self) -> &[Matched] {
        &self.matched
    }

    /// The keys that conditions and variables asked for in vain, in statements whose principal and action match: as written, in order, each once.
    #[must_use]
    pub fn missing_keys(&self) -> &[Box<str>] {
        &self.missing
    }

    /// What each layer that was given says by itself.
    #[must_use]
    pub fn layers(&self) -> &[(Layer, Answer)] {
        &self.layers
    }

    /// What this layer says by itself, if it was given: PermissionsBoundaryDecisionDetail, OrganizationsDecisionDetail (API reference, EvaluationResult).
    #[must_use]
    pub fn layer(&self, layer: Layer) -> Option<Answer> {
        self.layers
            .iter()
            .find_map(|&(of, answer)| (of == layer).then_some(answer))
    }

    /// Across accounts: what the caller's side says (identity, boundary, session and SCPs together), and the resource's side (EvalDecisionDetails).
    #[must_use]
    pub const fn cross_account(&self) -> Option<(Answer, Answer)> {
        self.cross_account
    }

    /// Every statement of every layer.
    #[must_use]
    pub fn trace(&self) -> &[Trace] {
        &self.trace
    }
}

impl Recorder for Explanation {
    const EXPLAINS: bool = true;

    fn element(&mut self, _: Place, element: Element, truth: Truth) {
        self.pending.push((element, truth));
    }

    fn missing(&mut self, _: Place, key: &str) {
        let folded = crate::fold::fold(key);
        if !self
            .missing
            .iter()
            .any(|seen| crate::fold::folds_to(seen, &folded))
        {
            self.missing.push(key.into());
        }
    }

    fn statement(&mut self, place: Place, statement: &Statement, applies: bool) {
        self.trace.push(Trace {
            place,
            elements: std::mem::take(&mut self.pending),
            applies,
        });
        if applies {
            self.matched.push(Matched {
                place,
                sid: statement.sid().map(Into::into),
                effect: statement.effect(),
                start: statement.start(),
                end: statement.end(),
            });
        }
    }

    fn layer(&mut self, layer: Layer, answer: Answer) {
        self.layers.push((layer, answer));
    }

    fn cross_account(&mut self, identity: Answer, resource: Answer) {
        self.cross_account = Some((identity, resource));
    }

    fn decided(&mut self, decision: Decision) {
        self.decision = Some(decision);
    }
}
