//! Quotas: how many of what there may be (IAM user guide, "IAM and AWS STS quotas").

/// The quotas of every account of this server. The defaults are AWS's; `[quotas]` in the configuration changes those
/// that belong to the account as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Users in an account.
    pub users: u64,
    /// Groups in an account.
    pub groups: u64,
    /// Roles in an account.
    pub roles: u64,
    /// Customer-managed policies in an account.
    pub policies: u64,
    /// Versions of all customer-managed policies of an account together.
    pub policy_versions_in_use: u64,
    /// Instance profiles in an account.
    pub instance_profiles: u64,
    /// Server certificates in an account.
    pub server_certificates: u64,
    /// Groups that one user may be in.
    pub groups_per_user: u64,
    /// Managed policies attached to one user.
    pub attached_policies_per_user: u64,
    /// Managed policies attached to one group.
    pub attached_policies_per_group: u64,
    /// Managed policies attached to one role.
    pub attached_policies_per_role: u64,
    /// Versions of one managed policy.
    pub versions_per_policy: u64,
    /// Characters of a managed policy, white space not counted.
    pub policy_size: u64,
    /// Characters of all inline policies of one user together.
    pub user_policy_size: u64,
    /// Characters of all inline policies of one group together.
    pub group_policy_size: u64,
    /// Characters of all inline policies of one role together.
    pub role_policy_size: u64,
    /// Characters of a role's trust policy.
    pub assume_role_policy_size: u64,
    /// Access keys of one user, or of root, where the account has not opted for more (`PutAccessKeySettings`).
    pub access_keys_per_user: u64,
    /// Signing certificates of one user.
    pub signing_certificates_per_user: u64,
    /// SSH public keys of one user.
    pub ssh_public_keys_per_user: u64,
    /// Service-specific credentials of one user for one service.
    pub service_credentials_per_service: u64,
    /// MFA devices of one user, or of root.
    pub mfa_devices_per_user: u64,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            users: 5_000,
            groups: 300,
            roles: 1_000,
            policies: 1_500,
            policy_versions_in_use: 10_000,
            instance_profiles: 1_000,
            server_certificates: 20,
            groups_per_user: 10,
            attached_policies_per_user: 10,
            attached_policies_per_group: 10,
            attached_policies_per_role: 10,
            versions_per_policy: 5,
            policy_size: 6_144,
            user_policy_size: 2_048,
            group_policy_size: 5_120,
            role_policy_size: 10_240,
            assume_role_policy_size: 2_048,
            access_keys_per_user: 2,
            signing_certificates_per_user: 2,
            ssh_public_keys_per_user: 5,
            service_credentials_per_service: 2,
            mfa_devices_per_user: 8,
        }
    }
}

impl Quotas {
    /// The account-wide quotas that the configuration may set, by the key it sets them with.
    pub const CONFIGURABLE: &'static [&'static str] = &[
        "users",
        "groups",
        "roles",
        "policies",
        "policy_versions_in_use",
        "instance_profiles",
        "server_certificates",
    ];

    /// The account-wide quota of this key.
    pub fn account_wide(&mut self, key: &str) -> Option<&mut u64> {
        match key {
            "users" => Some(&mut self.users),
            "groups" => Some(&mut self.groups),
            "roles" => Some(&mut self.roles),
            "policies" => Some(&mut self.policies),
            "policy_versions_in_use" => Some(&mut self.policy_versions_in_use),
            "instance_profiles" => Some(&mut self.instance_profiles),
            "server_certificates" => Some(&mut self.server_certificates),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_configurable_quota_has_its_field() {
        let mut quotas = Quotas::default();
        for key in Quotas::CONFIGURABLE {
            assert!(quotas.account_wide(key).is_some(), "{key}");
        }
        assert!(quotas.account_wide("versions_per_policy").is_none());
    }
}
