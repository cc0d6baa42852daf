//! The account: the alias that it can be called by, and what there is in it.

use claviger_model::name::AccountAlias;
use claviger_model::{AccountId, Code, Scalar};
use claviger_shape::Shape;
use claviger_store::Scope;
use std::collections::BTreeMap;

use super::page::{PageEnd, Paged};
use super::{Empty, Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::cx::Cx;
use crate::entity::Account;
use crate::entity::index::{
    ALIASES, FIDO_BY_SERIAL, GROUPS_BY_NAME, HARDWARE_MFA_BY_SERIAL, MFA_BY_SERIAL, MFA_BY_STATUS,
    POLICIES_BY_NAME, POLICY_VERSIONS, ROLES_BY_NAME, SERVER_CERTIFICATES_BY_NAME, USERS_BY_NAME,
    WHOLE,
};
use crate::entity::mfa_device::{ASSIGNED, HARDWARE_ASSIGNED};
use crate::fault::Fault;
use crate::lookup;
use crate::quota::Quotas;
use crate::spec::unraised::NO_QUOTA;
use crate::spec::{Access, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<CreateAccountAlias>(),
    entry::<ListAccountAliases>(),
    entry::<DeleteAccountAlias>(),
    entry::<GetAccountSummary>(),
];

/// Gives the account an alias, in place of one that it may have. Aliases are unique on the server.
#[derive(Shape)]
pub struct CreateAccountAlias {
    /// The alias.
    pub account_alias: AccountAlias,
}

impl Operation for CreateAccountAlias {
    const SPEC: Spec = Spec::iam("CreateAccountAlias", Access::Write)
        .faults(&[
            Code::ConcurrentModification,
            Code::EntityAlreadyExists,
            Code::ServiceFailure,
        ])
        .unraised(&[(
            Code::LimitExceeded,
            "an account has one alias, and a new one takes its place",
        )]);
    type Output = Empty;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let alias = &self.account_alias;
        // SECURITY: an alias that looks like the number of another account would take over its sign-in address.
        if AccountId::parse(alias.as_str()).is_ok() {
            return Err(Fault::invalid(
                "The account alias must not be a 12-digit number.",
            ));
        }
        let holder = cx
            .unit
            .find::<Account>(Scope::Global, &ALIASES, alias.as_str().as_bytes())
            .await
            .map_err(Fault::unavailable)?;
        if holder.is_some() {
            return Err(Fault::exists(format!(
                "The account alias {alias} already exists."
            )));
        }
        let mut account = Account::clone(&**lookup::account(cx).await?);
        account.alias = Some(alias.clone());
        cx.unit.put(account);
        Ok(Empty {})
    }
}

/// Lists the alias of the account, if it has one.
#[derive(Shape)]
pub struct ListAccountAliases {
    /// Which page.
    #[shape(flatten)]
    pub page: Paged,
}

/// The answer of [`ListAccountAliases`].
#[derive(Shape)]
pub struct ListAccountAliasesOutput {
    /// The alias, or nothing.
    pub account_aliases: Vec<AccountAlias>,
    /// Never more than one.
    #[shape(flatten)]
    pub end: PageEnd,
}

impl Operation for ListAccountAliases {
    const SPEC: Spec =
        Spec::iam("ListAccountAliases", Access::List).faults(&[Code::ServiceFailure]);
    type Output = ListAccountAliasesOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let aliases = lookup::account(cx).await?.alias.iter().cloned().collect();
        let (account_aliases, end) =
            self.page
                .of_list(cx, b"aliases", aliases, |alias: &AccountAlias| {
                    alias.as_str().as_bytes().to_vec()
                })?;
        Ok(ListAccountAliasesOutput {
            account_aliases,
            end,
        })
    }
}

/// Takes the account's alias away.
#[derive(Shape)]
pub struct DeleteAccountAlias {
    /// The alias.
    pub account_alias: AccountAlias,
}

impl Operation for DeleteAccountAlias {
    const SPEC: Spec = Spec::iam("DeleteAccountAlias", Access::Write)
        .faults(&[
            Code::ConcurrentModification,
            Code::NoSuchEntity,
            Code::ServiceFailure,
        ])
        .unraised(&[NO_QUOTA]);
    type Output = Empty;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let mut account = Account::clone(&**lookup::account(cx).await?);
        if account.alias.as_ref() != Some(&self.account_alias) {
            return Err(Fault::missing(format!(
                "The account alias with name {} cannot be found.",
                self.account_alias
            )));
        }
        account.alias = None;
        cx.unit.put(account);
        Ok(Empty {})
    }
}

/// Counts what there is in the account, beside what there may be.
#[derive(Shape)]
pub struct GetAccountSummary {}

/// The answer of [`GetAccountSummary`].
#[derive(Shape)]
pub struct GetAccountSummaryOutput {
    /// Counts, quotas, and flags that are 0 or 1, by name.
    pub summary_map: BTreeMap<String, i32>,
}

/// What is counted.
#[derive(Default)]
struct Counts {
    users: u64,
    groups: u64,
    roles: u64,
    policies: u64,
    policy_versions: u64,
    mfa_devices: u64,
    mfa_devices_in_use: u64,
    server_certificates: u64,
}

impl Counts {
    async fn read(cx: &mut Cx<'_>) -> Result<Self, Fault> {
        let scope = cx.scope();
        let mut counts = Self::default();
        let (mut hardware, mut hardware_in_use, mut fido) = (0, 0, 0);
        for (index, group, count) in [
            (&USERS_BY_NAME, WHOLE, &mut counts.users),
            (&GROUPS_BY_NAME, WHOLE, &mut counts.groups),
            (&ROLES_BY_NAME, WHOLE, &mut counts.roles),
            (&POLICIES_BY_NAME, WHOLE, &mut counts.policies),
            (&POLICY_VERSIONS, WHOLE, &mut counts.policy_versions),
            (&MFA_BY_SERIAL, WHOLE, &mut counts.mfa_devices),
            (&MFA_BY_STATUS, ASSIGNED, &mut counts.mfa_devices_in_use),
            (
                &SERVER_CERTIFICATES_BY_NAME,
                WHOLE,
                &mut counts.server_certificates,
            ),
            (&HARDWARE_MFA_BY_SERIAL, WHOLE, &mut hardware),
            (&MFA_BY_STATUS, HARDWARE_ASSIGNED, &mut hardware_in_use),
            (&FIDO_BY_SERIAL, WHOLE, &mut fido),
        ] {
            *count = cx
                .unit
                .count(scope, index, group)
                .await
                .map_err(Fault::unavailable)?;
        }
        // A FIDO device is always in somebody's hands.
        counts.mfa_devices += hardware + fido;
        counts.mfa_devices_in_use += hardware_in_use + fido;
        Ok(counts)
    }

    /// The summary, in AWS's names (API reference, `GetAccountSummary`). What this server does not have yet counts zero.
    fn summary(&self, quotas: &Quotas, account: &Account) -> BTreeMap<String, i32> {
        let flag = |truth: bool| u64::from(truth);
        [
            (
                "AccessKeysPerUserQuota",
                account.access_keys_per_user(quotas),
            ),
            (
                "AccountAccessKeysPresent",
                flag(!account.root.access_keys.is_empty()),
            ),
            (
                "AccountMFAEnabled",
                flag(!account.root.mfa_devices.is_empty()),
            ),
            (
                "AccountPasswordPresent",
                flag(account.root.password.is_some()),
            ),
            (
                "AccountSigningCertificatesPresent",
                flag(!account.root.signing_certificates.is_empty()),
            ),
            ("AssumeRolePolicySizeQuota", quotas.assume_role_policy_size),
            (
                "AttachedPoliciesPerGroupQuota",
                quotas.attached_policies_per_group,
            ),
            (
                "AttachedPoliciesPerRoleQuota",
                quotas.attached_policies_per_role,
            ),
            (
                "AttachedPoliciesPerUserQuota",
                quotas.attached_policies_per_user,
            ),
            ("GlobalEndpointTokenVersion", 1),
            ("GroupPolicySizeQuota", quotas.group_policy_size),
            ("Groups", self.groups),
            ("GroupsPerUserQuota", quotas.groups_per_user),
            ("GroupsQuota", quotas.groups),
            ("InstanceProfiles", 0),
            ("InstanceProfilesQuota", quotas.instance_profiles),
            ("MFADevices", self.mfa_devices),
            ("MFADevicesInUse", self.mfa_devices_in_use),
            ("Policies", self.policies),
            ("PoliciesQuota", quotas.policies),
            ("PolicySizeQuota", quotas.policy_size),
            ("PolicyVersionsInUse", self.policy_versions),
            ("PolicyVersionsInUseQuota", quotas.policy_versions_in_use),
            ("Providers", 0),
            ("RolePolicySizeQuota", quotas.role_policy_size),
            ("Roles", self.roles),
            ("RolesQuota", quotas.roles),
            ("ServerCertificates", self.server_certificates),
            ("ServerCertificatesQuota", quotas.server_certificates),
            (
                "SigningCertificatesPerUserQuota",
                quotas.signing_certificates_per_user,
            ),
            ("UserPolicySizeQuota", quotas.user_policy_size),
            ("Users", self.users),
            ("UsersQuota", quotas.users),
            ("VersionsPerPolicyQuota", quotas.versions_per_policy),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), i32::try_from(value).unwrap_or(i32::MAX)))
        .collect()
    }
}

impl Operation for GetAccountSummary {
    const SPEC: Spec = Spec::iam("GetAccountSummary", Access::List).faults(&[Code::ServiceFailure]);
    type Output = GetAccountSummaryOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let account = lookup::account(cx).await?;
        let counts = Counts::read(cx).await?;
        Ok(GetAccountSummaryOutput {
            summary_map: counts.summary(&cx.iam().settings().quotas, &account),
        })
    }
}

#[cfg(test)]
mod tests {
    use claviger_model::Timestamp;

    use super::*;
    use crate::entity::account::Root;
    use crate::entity::contact::Contacts;
    use crate::entity::credential::AccessKeys;
    use crate::entity::signing_certificate::SigningCertificates;

    #[test]
    fn the_summary_has_thirty_four_keys_and_tells_quotas_as_configured() {
        let account = Account {
            id: AccountId::from_number(123_456_789_012).expect("twelve digits"),
            created: Timestamp::EPOCH,
            alias: None,
            first: true,
            root: Root {
                email: String::from("root@example.com"),
                password: None,
                password_changed: None,
                access_keys: AccessKeys::default(),
                signing_certificates: SigningCertificates::default(),
                mfa_devices: Vec::new(),
                recovery_codes: None,
                contacts: Contacts::default(),
                security_epoch: 0,
                key_epoch: 0,
                sign_in_epoch: 0,
                ended_sessions: crate::entity::EndedSessions::default(),
            },
            password_policy: None,
            access_key_settings: None,
            sign_in: crate::entity::account::SignInSettings::default(),
        };
        let quotas = Quotas {
            users: 7,
            ..Quotas::default()
        };
        let counts = Counts {
            users: 3,
            ..Counts::default()
        };
        let summary = counts.summary(&quotas, &account);
        assert_eq!(summary.len(), 34);
        assert_eq!(summary.get("Users"), Some(&3));
        assert_eq!(summary.get("UsersQuota"), Some(&7));
        assert_eq!(summary.get("AccountMFAEnabled"), Some(&0));
        assert_eq!(summary.get("PolicyVersionsInUseQuota"), Some(&10_000));
    }
}
