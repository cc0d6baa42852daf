//! What a page says that somebody comes to after an action.

/// The sentences, by the word in the address.
const NOTICES: &[(&str, &str)] = &[
    (
        "password",
        "The password has been changed. Your other sessions have ended.",
    ),
    (
        "device",
        "The MFA device has been assigned. You will be asked for it when you sign in.",
    ),
    (
        "contact-verified",
        "Verified: this is where you are reached from now on.",
    ),
    ("contact-set", "Saved. It is not verified yet."),
    ("contact-removed", "Removed."),
    ("device-removed", "The MFA device has been removed."),
    ("device-synced", "The MFA device is in step again."),
    (
        "key-off",
        "The access key is inactive. Requests signed with it are refused.",
    ),
    ("key-on", "The access key is active."),
    ("key-deleted", "The access key has been deleted."),
    ("session-ended", "The session has ended."),
    ("sessions-ended", "Your other sessions have ended."),
    (
        "confirmed",
        "Thank you. Nothing has been done yet: choose again, and it will be.",
    ),
    ("none-chosen", "No user was chosen, so nothing was done."),
    ("users-deleted", "Deleted, with everything that went along."),
    ("user-renamed", "The user has another name or path now."),
    ("policies-attached", "The policies are attached."),
    ("policies-detached", "The policies are detached."),
    ("inline-saved", "The inline policy has been saved."),
    ("inline-deleted", "The inline policy has been deleted."),
    ("boundary-set", "The permissions boundary is set."),
    (
        "boundary-removed",
        "The permissions boundary has been removed.",
    ),
    ("groups-joined", "Added to the groups."),
    ("group-left", "Removed from the group."),
    ("tags-saved", "The tags have been saved."),
    (
        "console-off",
        "The user cannot sign in to the console any more.",
    ),
    (
        "credential-off",
        "The credential is inactive. It is refused from now on.",
    ),
    ("credential-on", "The credential is active."),
    ("credential-deleted", "The credential has been deleted."),
    ("user-sessions-ended", "The user's sessions have ended."),
    (
        "demand-on",
        "The user needs a second factor from the next sign-in on.",
    ),
    (
        "demand-off",
        "No second factor is demanded of this user alone.",
    ),
    ("policy-made", "The policy has been created."),
    ("policy-version", "The new version has been saved."),
    ("policy-default", "That version is in force now."),
    ("policy-version-deleted", "The version has been deleted."),
    ("policy-deleted", "The policy has been deleted."),
    ("attached", "The policy has been attached."),
    ("detached", "The policy has been detached."),
    ("tagged", "The tag has been set."),
    ("untagged", "The tag has been removed."),
    ("group-made", "The group has been created."),
    ("group-renamed", "The group has its new name."),
    ("group-deleted", "The group has been deleted."),
    ("members-added", "They are members now."),
    ("member-removed", "The user is no member any more."),
    ("mfa-left", "The group demands no second factor any more."),
    ("settings-saved", "The settings have been saved."),
    (
        "password-default",
        "The default password policy is in force again.",
    ),
    ("alias-set", "The account has this alias now."),
    ("alias-deleted", "The account has no alias any more."),
    ("role-made", "The role has been created."),
    ("role-saved", "The role has been saved."),
    ("role-trust", "The trust policy has been saved."),
    ("role-deleted", "The role has been deleted."),
    ("device-renamed", "The MFA device has its new name."),
    ("codes-deleted", "The recovery codes have been deleted."),
    ("key-described", "The description has been saved."),
    ("key-bounded", "The bounds have been saved."),
    ("ssh-uploaded", "The SSH public key has been uploaded."),
    (
        "certificate-uploaded",
        "The signing certificate has been uploaded.",
    ),
    (
        "hardware-imported",
        "The devices have been imported and can be assigned.",
    ),
    ("hardware-deleted", "The device has been deleted."),
    (
        "virtual-deleted",
        "The device has been deleted. Its name is free.",
    ),
    (
        "server-certificate-uploaded",
        "The certificate has been uploaded. Its private key is sealed.",
    ),
    (
        "server-certificate-renamed",
        "The certificate has this name and path now.",
    ),
    (
        "server-certificate-deleted",
        "The certificate has been deleted, with its private key.",
    ),
    ("report-made", "This is the newest report."),
    ("report-running", "The report is being made."),
    (
        "switched",
        "You act as the role now, until you switch back.",
    ),
    ("switched-back", "You act as yourself again."),
    (
        "protection-set",
        "Login protection has been set. It holds from the next sign-in.",
    ),
    (
        "link-sent",
        "A link has been sent. It works once, within seven days.",
    ),
    (
        "password-generated",
        "A password has been drawn and sent. Another has to be chosen at the first sign-in.",
    ),
    (
        "password-set",
        "Your password has been set. Sign in with it.",
    ),
    ("mfa-reset", "The virtual MFA devices have been taken away."),
    (
        "role-over",
        "Your time as the role is over, or the role has gone. You act as yourself again.",
    ),
    (
        "user-enabled",
        "The user is enabled. Who was signed in before has to sign in again.",
    ),
    (
        "user-disabled",
        "The user is disabled, and every session of the user has ended.",
    ),
    ("access-saved", "The ways in have been saved."),
    ("description-saved", "The description has been saved."),
    (
        "role-over-undone",
        "Your time as the role is over, or the role has gone, so nothing was done. You act as yourself again.",
    ),
];

/// The sentence for a word; none for any other word.
pub(crate) fn notice(word: &str) -> Option<&'static str> {
    NOTICES
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stands_for_one_sentence() {
        let mut seen = std::collections::HashSet::new();
        assert!(NOTICES.iter().all(|(word, _)| seen.insert(word)));
        assert_eq!(notice("nothing"), None);
    }
}
