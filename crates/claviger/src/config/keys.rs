//! Every setting there is: its key in the file, its environment variable, its default, and what it means.

/// One setting.
pub(super) struct Key {
    /// The key in the file; a dot stands between a table and its key.
    pub(super) name: &'static str,
    /// The environment variable.
    pub(super) variable: &'static str,
    /// What holds when nothing is said.
    pub(super) default: Option<&'static str>,
    /// Whether it is never printed, and may also be given as a file by the variable with `_FILE` at its end.
    pub(super) secret: bool,
}

const fn key(name: &'static str, variable: &'static str, default: Option<&'static str>) -> Key {
    Key {
        name,
        variable,
        default,
        secret: false,
    }
}

const fn secret(name: &'static str, variable: &'static str) -> Key {
    Key {
        name,
        variable,
        default: None,
        secret: true,
    }
}

/// Every setting. `docs/src/operate.md` and `docs/src/messages.md` say what each means; a test holds that it names all of them.
pub(super) const KEYS: &[Key] = &[
    key("listen", "CLAVIGER_LISTEN", Some("127.0.0.1:8040")),
    key("data_dir", "CLAVIGER_DATA_DIR", Some("./claviger-data")),
    key("host_socket", "CLAVIGER_HOST_SOCKET", None),
    secret("database", "CLAVIGER_DATABASE_URL"),
    secret("master_key", "CLAVIGER_MASTER_KEY"),
    key("tls_cert", "CLAVIGER_TLS_CERT", None),
    key("tls_key", "CLAVIGER_TLS_KEY", None),
    key("insecure", "CLAVIGER_INSECURE", Some("false")),
    key("public_url", "CLAVIGER_PUBLIC_URL", None),
    key("project", "CLAVIGER_PROJECT", Some("claviger")),
    key("trusted_proxies", "CLAVIGER_TRUSTED_PROXIES", Some("")),
    key("consistency", "CLAVIGER_CONSISTENCY", Some("strict")),
    key(
        "consistency_max_age_ms",
        "CLAVIGER_CONSISTENCY_MAX_AGE_MS",
        Some("1000"),
    ),
    key("cache_mib", "CLAVIGER_CACHE_MIB", Some("32")),
    key(
        "password_memory_kib",
        "CLAVIGER_PASSWORD_MEMORY_KIB",
        Some("19456"),
    ),
    key("password_passes", "CLAVIGER_PASSWORD_PASSES", Some("2")),
    key("events_file", "CLAVIGER_EVENTS_FILE", None),
    secret("smtp.url", "CLAVIGER_SMTP_URL"),
    key("smtp.user", "CLAVIGER_SMTP_USER", None),
    secret("smtp.password", "CLAVIGER_SMTP_PASSWORD"),
    key("smtp.from", "CLAVIGER_SMTP_FROM", None),
    key("smtp.starttls", "CLAVIGER_SMTP_STARTTLS", Some("required")),
    key("smtp.ca", "CLAVIGER_SMTP_CA", None),
    key(
        "smtp.timeout_seconds",
        "CLAVIGER_SMTP_TIMEOUT_SECONDS",
        Some("30"),
    ),
    secret("sms.url", "CLAVIGER_SMS_URL"),
    key("sms.method", "CLAVIGER_SMS_METHOD", Some("POST")),
    secret("sms.headers", "CLAVIGER_SMS_HEADERS"),
    key(
        "sms.body",
        "CLAVIGER_SMS_BODY",
        Some(r#"{"to":"{to}","text":"{text}","id":"{id}"}"#),
    ),
    secret("sms.secret", "CLAVIGER_SMS_SECRET"),
    key("sms.ca", "CLAVIGER_SMS_CA", None),
    key(
        "sms.allow_private",
        "CLAVIGER_SMS_ALLOW_PRIVATE",
        Some("false"),
    ),
    key(
        "sms.timeout_seconds",
        "CLAVIGER_SMS_TIMEOUT_SECONDS",
        Some("10"),
    ),
    key(
        "messages.language",
        "CLAVIGER_MESSAGES_LANGUAGE",
        Some("en"),
    ),
    key(
        "messages.retry_hours",
        "CLAVIGER_MESSAGES_RETRY_HOURS",
        Some("24"),
    ),
    key("log", "CLAVIGER_LOG", Some("info")),
    key("log_format", "CLAVIGER_LOG_FORMAT", Some("auto")),
    key("account_id", "CLAVIGER_ACCOUNT_ID", None),
    key("account_alias", "CLAVIGER_ACCOUNT_ALIAS", None),
    key("root_email", "CLAVIGER_ROOT_EMAIL", None),
    secret("root_password", "CLAVIGER_ROOT_PASSWORD"),
    key("root_access_key_id", "CLAVIGER_ROOT_ACCESS_KEY_ID", None),
    secret("root_secret_access_key", "CLAVIGER_ROOT_SECRET_ACCESS_KEY"),
    key("quotas.users", "CLAVIGER_QUOTA_USERS", None),
    key("quotas.groups", "CLAVIGER_QUOTA_GROUPS", None),
    key("quotas.roles", "CLAVIGER_QUOTA_ROLES", None),
    key("quotas.policies", "CLAVIGER_QUOTA_POLICIES", None),
    key(
        "quotas.policy_versions_in_use",
        "CLAVIGER_QUOTA_POLICY_VERSIONS_IN_USE",
        None,
    ),
    key(
        "quotas.instance_profiles",
        "CLAVIGER_QUOTA_INSTANCE_PROFILES",
        None,
    ),
    key(
        "quotas.server_certificates",
        "CLAVIGER_QUOTA_SERVER_CERTIFICATES",
        None,
    ),
];

#[cfg(test)]
mod tests {
    use claviger_iam::quota::Quotas;

    use super::*;

    #[test]
    fn every_configurable_quota_has_a_key() {
        for quota in Quotas::CONFIGURABLE {
            let name = format!("quotas.{quota}");
            assert!(KEYS.iter().any(|key| key.name == name), "{name}");
        }
    }

    #[test]
    fn the_operators_guide_names_every_key_and_variable() {
        let guide = concat!(
            include_str!("../../../../docs/src/operate.md"),
            include_str!("../../../../docs/src/messages.md")
        );
        for key in KEYS {
            assert!(
                guide.contains(key.variable),
                "neither docs/src/operate.md nor docs/src/messages.md names {}",
                key.variable
            );
        }
    }
}
