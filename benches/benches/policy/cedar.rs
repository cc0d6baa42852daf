//! The other engine, prepared as its documentation has it.

use std::collections::{HashMap, HashSet};
use std::str::FromStr as _;

use anyhow::Result;
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid,
    PolicySet, Request, RestrictedExpression,
};

use crate::cases::{Case, Question};

/// Cedar with the policies and entities of a case.
pub(crate) struct Other {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
}

impl Other {
    /// Compiles the case's policies, and makes the entities that its questions name.
    pub(crate) fn new(case: &Case) -> Result<Self> {
        let mut entities = HashMap::new();
        for question in &case.questions {
            let (service, _) = question.action.split_once(':').unwrap_or_default();
            let group = uid("Action", &format!("{service}:*"))?;
            let resource = resource(question)?;
            let bucket = question
                .resource
                .strip_prefix("arn:aws:s3:::")
                .and_then(|path| path.split('/').next());
            let parent = bucket.map(|bucket| uid("Bucket", bucket)).transpose()?;
            entities.insert(
                uid("Action", &question.action)?,
                HashSet::from([group.clone()]),
            );
            entities.entry(group).or_default();
            entities.entry(resource).or_default().extend(parent.clone());
            if let Some(parent) = parent {
                entities.entry(parent).or_default();
            }
            entities.entry(uid("User", "alice")?).or_default();
        }
        let entities = entities
            .into_iter()
            .map(|(uid, parents)| Ok(Entity::new(uid, HashMap::new(), parents)?))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            authorizer: Authorizer::new(),
            policies: PolicySet::from_str(&case.cedar)?,
            entities: Entities::from_entities(entities, None)?,
        })
    }

    /// The question as Cedar gets it.
    pub(crate) fn request(&self, question: &Question) -> Result<Request> {
        let context = Context::from_pairs([(
            "mfa".to_owned(),
            RestrictedExpression::new_bool(question.mfa),
        )])?;
        Ok(Request::new(
            uid("User", "alice")?,
            uid("Action", &question.action)?,
            resource(question)?,
            context,
            None,
        )?)
    }

    /// Decides.
    pub(crate) fn allows(&self, request: &Request) -> bool {
        let response = self
            .authorizer
            .is_authorized(request, &self.policies, &self.entities);
        response.decision() == Decision::Allow
    }
}

/// The resource of a question as an entity: a user, an object, or anything.
fn resource(question: &Question) -> Result<EntityUid> {
    match question.resource.split_once(":user/") {
        Some((_, "")) => uid("Account", "111122223333"),
        Some((_, name)) => uid("User", name),
        None if question.resource == "*" => uid("Account", "111122223333"),
        None => uid("Object", &question.resource),
    }
}

fn uid(kind: &str, id: &str) -> Result<EntityUid> {
    Ok(EntityUid::from_type_name_and_id(
        EntityTypeName::from_str(kind)?,
        EntityId::new(id),
    ))
}
