"""The life of a password by the AWS CLI: policy, creation, change, reuse, deletion, and what a user may do alone."""

from __future__ import annotations

import json

import pytest

from claviger import ACCOUNT, Keys, Server

GOOD = "Correct-horse-1"
BETTER = "Battery-staple-2"
BEST = "Another-fine-word-3"
TOO_WEAK = "Password does not conform to the account password policy."
POLICY = (
    "iam", "update-account-password-policy", "--minimum-password-length", "12", "--require-symbols",
    "--require-numbers", "--require-uppercase-characters", "--require-lowercase-characters",
    "--allow-users-to-change-password", "--max-password-age", "90", "--password-reuse-prevention", "2",
)  # fmt: skip


def new_user(server: Server, name: str) -> Keys:
    server.aws("iam", "create-user", "--user-name", name)
    return Keys.of(server.aws("iam", "create-access-key", "--user-name", name)["AccessKey"])


def change(old: str, new: str) -> tuple[str, ...]:
    return ("iam", "change-password", "--old-password", old, "--new-password", new)


@pytest.fixture(scope="module")
def paula(server: Server) -> Keys:
    return new_user(server, "paula")


def test_01_without_a_policy_there_is_none_to_get_or_delete(server: Server) -> None:
    error = server.refused("iam", "get-account-password-policy")
    assert error.code == "NoSuchEntity"
    assert error.message == f"The Password Policy with domain name {ACCOUNT} cannot be found."
    error = server.refused("iam", "delete-account-password-policy")
    assert (error.code, error.message) == (
        "NoSuchEntity",
        "The account policy with name PasswordPolicy cannot be found.",
    )


def test_02_without_a_policy_the_built_in_rules_hold(server: Server, paula: Keys) -> None:
    for weak in ("abc123", "Ab1!xyz", "alllowercaseletters", "lower-and-symbols"):
        error = server.refused("iam", "create-login-profile", "--user-name", "paula", "--password", weak)
        assert error.code == "PasswordPolicyViolation", weak
    error = server.refused("iam", "get-login-profile", "--user-name", "paula")
    assert (error.code, error.message) == ("NoSuchEntity", "Login Profile for User paula cannot be found.")
    assert paula


def test_03_every_violation_of_a_policy_request_is_counted(server: Server) -> None:
    error = server.refused(
        "iam", "update-account-password-policy", "--minimum-password-length", "129",
        "--password-reuse-prevention", "25", "--max-password-age", "1096",
    )  # fmt: skip
    assert error.code == "ValidationError"
    assert error.message.startswith("3 validation errors detected: ")
    most = "failed to satisfy constraint: Member must have value less than or equal to"
    for name, bound in (("minimumPasswordLength", 128), ("passwordReusePrevention", 24), ("maxPasswordAge", 1095)):
        assert f"Value at '{name}' {most} {bound}" in error.message
    assert server.refused("iam", "get-account-password-policy").code == "NoSuchEntity"


def test_04_a_policy_is_set_and_read(server: Server) -> None:
    server.aws(*POLICY)
    assert server.aws("iam", "get-account-password-policy")["PasswordPolicy"] == {
        "MinimumPasswordLength": 12,
        "RequireSymbols": True,
        "RequireNumbers": True,
        "RequireUppercaseCharacters": True,
        "RequireLowercaseCharacters": True,
        "AllowUsersToChangePassword": True,
        "ExpirePasswords": True,
        "MaxPasswordAge": 90,
        "PasswordReusePrevention": 2,
    }


def test_05_setting_a_policy_replaces_it_whole(server: Server) -> None:
    server.aws("iam", "update-account-password-policy", "--minimum-password-length", "9")
    assert server.aws("iam", "get-account-password-policy")["PasswordPolicy"] == {
        "MinimumPasswordLength": 9,
        "RequireSymbols": False,
        "RequireNumbers": False,
        "RequireUppercaseCharacters": False,
        "RequireLowercaseCharacters": False,
        "AllowUsersToChangePassword": False,
        "ExpirePasswords": False,
    }
    server.aws(*POLICY)


@pytest.mark.parametrize(
    "weak",
    ["Short-1", "no-upper-case-1", "NO-LOWER-CASE-1", "No-digit-at-all", "NoSymbolAtAll1"],
)
def test_06_the_policy_refuses_a_weak_password(server: Server, paula: Keys, weak: str) -> None:
    error = server.refused("iam", "create-login-profile", "--user-name", "paula", "--password", weak)
    assert error.code == "PasswordPolicyViolation"
    assert weak not in error.stderr, "a refusal does not repeat the password"


def test_07_a_password_is_created(server: Server, paula: Keys) -> None:
    made = server.aws(
        "iam", "create-login-profile", "--user-name", "paula", "--password", GOOD, "--password-reset-required"
    )["LoginProfile"]
    assert (made["UserName"], made["PasswordResetRequired"]) == ("paula", True)
    assert server.aws("iam", "get-login-profile", "--user-name", "paula")["LoginProfile"] == made
    error = server.refused("iam", "create-login-profile", "--user-name", "paula", "--password", BETTER)
    assert (error.code, error.message) == ("EntityAlreadyExists", "Login Profile for user paula already exists.")


def test_08_the_user_changes_it_by_the_account_setting_alone(server: Server, paula: Keys) -> None:
    server.aws(*change(GOOD, BETTER), keys=paula)
    profile = server.aws("iam", "get-login-profile", "--user-name", "paula")["LoginProfile"]
    assert profile["PasswordResetRequired"] is False


def test_09_a_wrong_old_password_changes_nothing(server: Server, paula: Keys) -> None:
    error = server.refused(*change(GOOD, BEST), keys=paula)
    assert error.code == "AccessDenied"
    assert GOOD not in error.stderr
    assert BEST not in error.stderr
    server.aws(*change(BETTER, BEST), keys=paula)


@pytest.mark.parametrize("used", [BEST, BETTER])
def test_10_the_last_two_passwords_are_not_used_again(server: Server, paula: Keys, used: str) -> None:
    error = server.refused(*change(BEST, used), keys=paula)
    assert error.code == "PasswordPolicyViolation"


def test_11_an_older_password_may_come_back(server: Server, paula: Keys) -> None:
    server.aws(*change(BEST, GOOD), keys=paula)


def test_12_an_administrator_sets_a_password_without_the_old_one(server: Server, paula: Keys) -> None:
    error = server.refused("iam", "update-login-profile", "--user-name", "paula", "--password", GOOD)
    assert error.code == "PasswordPolicyViolation", "history binds the administrator too"
    server.aws("iam", "update-login-profile", "--user-name", "paula", "--password", BETTER)
    server.aws(*change(BETTER, "Yet-another-4-words"), keys=paula)


def test_13_the_password_is_deleted_and_the_keys_go_on(server: Server, paula: Keys) -> None:
    server.aws("iam", "delete-login-profile", "--user-name", "paula")
    error = server.refused("iam", "delete-login-profile", "--user-name", "paula")
    assert (error.code, error.message) == ("NoSuchEntity", "Login Profile for User paula cannot be found.")
    assert server.aws("sts", "get-caller-identity", keys=paula)["Arn"].endswith(":user/paula")
    assert server.aws("iam", "get-account-password-policy", keys=paula)["PasswordPolicy"]


def test_14_delete_user_is_refused_until_all_is_removed(server: Server, paula: Keys) -> None:
    aws = server.aws
    aws("iam", "create-login-profile", "--user-name", "paula", "--password", GOOD)
    aws("iam", "create-group", "--group-name", "people")
    aws("iam", "add-user-to-group", "--user-name", "paula", "--group-name", "people")
    attached = "arn:aws:iam::aws:policy/IAMUserChangePassword"
    aws("iam", "attach-user-policy", "--user-name", "paula", "--policy-arn", attached)
    inline = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}]}
    )
    aws("iam", "put-user-policy", "--user-name", "paula", "--policy-name", "own", "--policy-document", inline)

    delete = ("iam", "delete-user", "--user-name", "paula")
    must = "Cannot delete entity, must "
    removals = {
        ("delete-login-profile", "--user-name", "paula"): must + "delete login profile first.",
        ("delete-access-key", "--user-name", "paula", "--access-key-id", paula.access_key_id): must
        + "delete access keys first.",
        ("delete-user-policy", "--user-name", "paula", "--policy-name", "own"): must + "delete policies first.",
        ("detach-user-policy", "--user-name", "paula", "--policy-arn", attached): must + "detach all policies first.",
        ("remove-user-from-group", "--user-name", "paula", "--group-name", "people"): must
        + "remove users from group first.",
    }
    remaining = dict(removals)
    for removal in removals:
        error = server.refused(*delete)
        assert error.code == "DeleteConflict"
        # Which of several reasons is named is nowhere promised; that it is a true one is.
        assert error.message in remaining.values()
        aws("iam", "get-user", "--user-name", "paula")
        aws("iam", *removal)
        del remaining[removal]
    aws(*delete)
    error = server.refused("iam", "get-user", "--user-name", "paula")
    assert (error.code, error.message) == ("NoSuchEntity", "The user with name paula cannot be found.")
    assert server.refused("sts", "get-caller-identity", keys=paula).code == "InvalidClientTokenId"


def test_15_allow_users_to_change_password_gives_exactly_two_actions(server: Server) -> None:
    for name in ("quentin", "rosa"):
        keys = new_user(server, name)
        server.aws("iam", "create-login-profile", "--user-name", name, "--password", GOOD)
        server.aws(*change(GOOD, BETTER), keys=keys)
        server.aws("iam", "get-account-password-policy", keys=keys)
        for arguments in (
            ("create-access-key",),
            ("create-access-key", "--user-name", name),
            ("list-access-keys",),
            ("get-user",),
            ("update-login-profile", "--user-name", name, "--password", BEST),
        ):
            error = server.refused("iam", *arguments, keys=keys)
            assert error.code == "AccessDenied", arguments
            assert "because no identity-based policy allows the iam:" in error.message


def test_16_an_explicit_deny_wins_over_the_account_setting(server: Server) -> None:
    keys = new_user(server, "silas")
    server.aws("iam", "create-login-profile", "--user-name", "silas", "--password", GOOD)
    deny = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Action": ["iam:ChangePassword", "iam:GetAccountPasswordPolicy"],
                "Resource": "*",
            }
        ],
    }
    server.aws(
        "iam", "put-user-policy", "--user-name", "silas", "--policy-name", "no", "--policy-document", json.dumps(deny)
    )
    for arguments in (change(GOOD, BETTER), ("iam", "get-account-password-policy")):
        error = server.refused(*arguments, keys=keys)
        assert error.code == "AccessDenied"
        assert "with an explicit deny in an identity-based policy" in error.message
    server.aws("iam", "delete-user-policy", "--user-name", "silas", "--policy-name", "no")
    server.aws(*change(GOOD, BETTER), keys=keys)


def test_17_without_the_setting_no_user_changes_a_password(server: Server) -> None:
    server.aws("iam", "delete-account-password-policy")
    keys = new_user(server, "tara")
    server.aws("iam", "create-login-profile", "--user-name", "tara", "--password", GOOD)
    assert server.refused(*change(GOOD, BETTER), keys=keys).code == "AccessDenied"
    own = "arn:aws:iam::aws:policy/IAMUserChangePassword"
    server.aws("iam", "attach-user-policy", "--user-name", "tara", "--policy-arn", own)
    server.aws(*change(GOOD, BETTER), keys=keys)
    assert TOO_WEAK in server.refused(*change(BETTER, "weak"), keys=keys).message


def test_18_the_root_user_does_not_change_a_password_here(server: Server) -> None:
    error = server.refused(*change(GOOD, BETTER))
    assert error.code in {"InvalidUserType", "AccessDenied"}
