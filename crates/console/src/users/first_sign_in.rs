//! Whether somebody can choose a new password where one is demanded at the first sign-in: who may not is let in by nothing
//! but another administrator.

use claviger_iam::Fault;
use claviger_iam::operation::password_policy::GetAccountPasswordPolicy;
use claviger_iam::operation::policy_attachments::AttachUserPolicy;
use claviger_iam::operation::simulation::{
    ContextEntry, ContextKeyType, DecisionType, Scenario, SimulateCustomPolicy,
};
use claviger_iam::operation::users::GetUser;
use claviger_model::Arn;
use claviger_model::name::{EntityPath, ExistingUserName};

use super::{short, whole};
use crate::door::Visit;
use crate::field::read;
use crate::policies::policy::{document, get};
use crate::view::fault_text;

/// AWS's policy for users who may change their own password.
const POLICY: &str = "arn:aws:iam::aws:policy/IAMUserChangePassword";
/// What the boundary is asked about: a policy that allows nothing else.
const ALLOWS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ChangePassword","Resource":"*"}}"#;

/// What becomes of the demand.
#[derive(Default)]
pub(super) struct Outlook {
    /// Why the policy is attached, where it has to be.
    pub(super) attached: Option<&'static str>,
    /// Why the user would be trapped all the same.
    pub(super) trapped: Option<String>,
}

impl Outlook {
    /// Looks at the account, and at the boundary of a user of this name, if there is one.
    pub(super) async fn of(
        visit: &Visit,
        name: &str,
        path: &EntityPath,
        boundary: Option<&Arn>,
    ) -> Self {
        let policy = visit.call(&GetAccountPasswordPolicy {}).await;
        let granted =
            policy.is_ok_and(|answer| answer.password_policy.allow_users_to_change_password);
        let Some(boundary) = boundary else {
            return Self {
                attached: (!granted).then_some(
                    "the account does not let its users change their passwords by itself",
                ),
                trapped: None,
            };
        };
        // What may not be looked at is not warned of.
        let let_through = lets_change(visit, name, path, boundary)
            .await
            .unwrap_or(true);
        Self {
            attached: Some(
                "a user with a permissions boundary may not change the password without a policy that allows it",
            ),
            trapped: (!let_through).then(|| {
                format!(
                    "The permissions boundary does not let {name} change the password. As a new one is demanded, {name} could not sign in. Allow iam:ChangePassword in the boundary, choose another one, or do not demand a new password."
                )
            }),
        }
    }

    /// The same for a user that there is.
    pub(super) async fn of_user(visit: &Visit, name: &ExistingUserName) -> Self {
        let get = GetUser {
            user_name: Some(name.clone()),
        };
        let Ok(found) = visit.call(&get).await else {
            return Self::of(visit, name.as_str(), &EntityPath::root(), None).await;
        };
        let boundary = found.user.permissions_boundary;
        let boundary = boundary.map(|boundary| boundary.permissions_boundary_arn);
        Self::of(visit, name.as_str(), &found.user.path, boundary.as_ref()).await
    }

    /// Attaches the policy where it has to be: what was done, and what the user is kept by.
    pub(super) async fn prepare(
        self,
        visit: &Visit,
        name: &ExistingUserName,
    ) -> (Vec<String>, Vec<String>) {
        let (mut notes, mut faults) = (Vec::new(), Vec::new());
        if let Some(why) = self.attached {
            match attach(visit, name).await {
                Ok(()) => notes.push(format!(
                    "The policy IAMUserChangePassword was attached to the user, because {why}."
                )),
                Err(fault) => faults.push(format!(
                    "The policy IAMUserChangePassword could not be attached, so the user may be unable to choose a new password: {}",
                    fault_text(&fault)
                )),
            }
        }
        faults.extend(self.trapped);
        (notes, faults)
    }
}

async fn attach(visit: &Visit, name: &ExistingUserName) -> Result<(), Fault> {
    let attach = AttachUserPolicy {
        user_name: short(name)?,
        policy_arn: read(POLICY, "The policy")?,
    };
    visit.call(&attach).await.map(drop)
}

/// Whether a boundary lets a user of this name change the own password, were nothing else in the way.
async fn lets_change(
    visit: &Visit,
    name: &str,
    path: &EntityPath,
    boundary: &Arn,
) -> Result<bool, Fault> {
    let policy = get(visit, boundary).await?;
    let bounds = document(visit, boundary, policy.default_version_id.as_str()).await?;
    let user = Arn::user(visit.at.principal().account, path.as_str(), name);
    let simulate = SimulateCustomPolicy {
        policy_input_list: vec![read(ALLOWS, "The policy")?],
        scenario: Scenario {
            permissions_boundary_policy_input_list: vec![read(&bounds, "The boundary")?],
            ordered_organization_policy_input_list: Vec::new(),
            action_names: vec![read("iam:ChangePassword", "The action")?],
            resource_arns: vec![read(user.as_str(), "The user")?],
            resource_policy: None,
            resource_owner: None,
            caller_arn: None,
            context_entries: vec![ContextEntry {
                context_key_name: Some(read("aws:username", "The key")?),
                context_key_values: vec![name.to_owned()],
                context_key_type: Some(ContextKeyType::String),
            }],
            resource_handling_option: None,
        },
        page: whole(),
    };
    let answer = visit.call(&simulate).await?;
    let mut results = answer.evaluation_results.iter();
    Ok(results.any(|result| result.eval_decision == DecisionType::Allowed))
}
