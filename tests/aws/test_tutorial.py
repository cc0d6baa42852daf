"""The credential tutorial, end to end: a user manages own credentials, and may do the work only with MFA.

After the IAM user guide, "Tutorial: Enable users to manage their credentials and MFA settings". The tests of this file
are one story and run in order; only the AWS CLI and boto3 speak to the server.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from claviger import ACCOUNT, Keys, Server, run_claviger, totp

FORCE_MFA = (Path(__file__).parent / "force_mfa.json").read_text()
EC2_FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonEC2FullAccess"
USER = "MFAUser"
USER_ARN = f"arn:aws:iam::{ACCOUNT}:user/{USER}"
WITH_MFA = "ContextKeyName=aws:MultiFactorAuthPresent,ContextKeyValues=true,ContextKeyType=boolean"
WITHOUT_MFA = "ContextKeyName=aws:MultiFactorAuthPresent,ContextKeyValues=false,ContextKeyType=boolean"


@dataclass
class Story:
    """What the steps hand to each other."""

    server: Server
    user: Keys
    force_mfa: str
    serial: str = ""
    seed: str = ""
    session: Keys | None = None

    def code(self, steps: int = 0) -> str:
        return totp(self.seed, self.server.now(), steps)

    def codes(self, *steps: int) -> list[str]:
        """Several codes counted from one and the same moment."""
        now = self.server.now()
        return [totp(self.seed, now, step) for step in steps]

    def simulate(self, action: str, *context: str) -> dict[str, Any]:
        more = ("--context-entries", *context) if context else ()
        answer = self.server.aws(
            "iam", "simulate-principal-policy", "--policy-source-arn", USER_ARN, "--action-names", action, *more
        )
        (result,) = answer["EvaluationResults"]
        assert result["EvalActionName"] == action
        return result

    def decide(self, action: str, context: dict[str, str]) -> dict[str, Any]:
        """Asks `claviger policy decide`, with the documents as the server holds them."""
        held = self.server.client("iam").get_policy_version(
            PolicyArn=EC2_FULL_ACCESS, VersionId=version_of(self.server)
        )
        line = json.dumps(
            {
                "id": action,
                "principal": {"arn": USER_ARN, "account": ACCOUNT, "type": "User"},
                "action": action,
                "resource": {"arn": "*", "account": ACCOUNT},
                "context": context,
                "identity_policies": [held["PolicyVersion"]["Document"], json.loads(FORCE_MFA)],
            }
        )
        done = run_claviger("policy", "decide", stdin=line + "\n")
        assert done.returncode == 0, done.stderr
        (answer,) = [json.loads(line) for line in done.stdout.splitlines()]
        assert answer["id"] == action
        return answer


def version_of(server: Server) -> str:
    return server.client("iam").get_policy(PolicyArn=EC2_FULL_ACCESS)["Policy"]["DefaultVersionId"]


@pytest.fixture(scope="module")
def story(timed_server: Server) -> Story:
    """The administrator's part, by CLI: user, group, policies, and a first access key for the user."""
    aws = timed_server.aws
    assert aws("iam", "create-user", "--user-name", USER)["User"]["Arn"] == USER_ARN
    aws("iam", "create-group", "--group-name", "EC2MFA")
    aws("iam", "add-user-to-group", "--user-name", USER, "--group-name", "EC2MFA")
    made = aws(
        "iam", "create-policy", "--policy-name", "Force_MFA", "--policy-document", FORCE_MFA,
        "--description", "Lets users manage their own credentials, and demands MFA for all else",
    )  # fmt: skip
    for arn in (EC2_FULL_ACCESS, made["Policy"]["Arn"]):
        aws("iam", "attach-group-policy", "--group-name", "EC2MFA", "--policy-arn", arn)
    key = aws("iam", "create-access-key", "--user-name", USER)["AccessKey"]
    return Story(timed_server, Keys.of(key), made["Policy"]["Arn"])


def test_01_the_group_carries_both_policies(story: Story) -> None:
    listed = story.server.aws("iam", "list-attached-group-policies", "--group-name", "EC2MFA")
    assert {one["PolicyName"] for one in listed["AttachedPolicies"]} == {"AmazonEC2FullAccess", "Force_MFA"}
    groups = story.server.aws("iam", "list-groups-for-user", "--user-name", USER)["Groups"]
    assert [one["GroupName"] for one in groups] == ["EC2MFA"]
    held = story.server.client("iam").get_policy_version(PolicyArn=story.force_mfa, VersionId="v1")
    assert held["PolicyVersion"]["Document"] == json.loads(FORCE_MFA)


def test_02_the_keys_sign_as_the_user(story: Story) -> None:
    who = story.server.aws("sts", "get-caller-identity", keys=story.user)
    assert who["Arn"] == USER_ARN
    assert who["Account"] == ACCOUNT
    assert who["UserId"].startswith("AIDA")


@pytest.mark.parametrize("context", [(), (WITHOUT_MFA,)], ids=["long-term key", "session without MFA"])
def test_03_before_mfa_the_simulator_denies_ec2_explicitly(story: Story, context: tuple[str, ...]) -> None:
    result = story.simulate("ec2:DescribeInstances", *context)
    assert result["EvalDecision"] == "explicitDeny"
    assert result["MatchedStatements"], "a denial names the statement that denies"


def test_04_before_mfa_the_offline_evaluator_denies_ec2_explicitly(story: Story) -> None:
    for context in ({}, {"aws:MultiFactorAuthPresent": "false"}):
        answer = story.decide("ec2:DescribeInstances", context)
        assert answer["decision"] == "explicit_deny", answer
        assert "DenyAllExceptListedIfNoMFA" in json.dumps(answer["statements"])


def test_05_before_mfa_the_server_refuses_list_users(story: Story) -> None:
    error = story.server.refused("iam", "list-users", keys=story.user)
    assert error.code == "AccessDenied"
    assert error.message.startswith(
        f"User: {USER_ARN} is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::{ACCOUNT}:user/ "
        "with an explicit deny in an identity-based policy"
    )


def test_06_before_mfa_own_access_keys_are_refused(story: Story) -> None:
    for arguments in (("list-access-keys",), ("create-access-key",)):
        error = story.server.refused("iam", *arguments, keys=story.user)
        assert error.code == "AccessDenied"
        assert "with an explicit deny in an identity-based policy" in error.message
    listed = story.server.aws("iam", "list-access-keys", "--user-name", USER)
    assert len(listed["AccessKeyMetadata"]) == 1, "a refused call changes nothing"


def test_07_before_mfa_the_listed_exceptions_work(story: Story) -> None:
    assert story.server.aws("iam", "get-user", keys=story.user)["User"]["UserName"] == USER
    assert story.server.aws("iam", "list-mfa-devices", keys=story.user)["MFADevices"] == []
    assert story.server.aws("iam", "list-virtual-mfa-devices", keys=story.user)["VirtualMFADevices"] == []


def test_08_the_user_makes_a_device_and_reads_its_seed(story: Story) -> None:
    seed = story.server.folder / "seed.txt"
    made = story.server.aws(
        "iam", "create-virtual-mfa-device", "--virtual-mfa-device-name", "MFAUser-phone",
        "--outfile", str(seed), "--bootstrap-method", "Base32StringSeed", keys=story.user,
    )  # fmt: skip
    story.serial = made["VirtualMFADevice"]["SerialNumber"]
    story.seed = seed.read_text().strip()
    assert story.serial == f"arn:aws:iam::{ACCOUNT}:mfa/MFAUser-phone"
    assert len(story.seed) == 64
    listed = story.server.aws("iam", "list-virtual-mfa-devices", "--assignment-status", "Unassigned")
    (device,) = listed["VirtualMFADevices"]
    assert device == {"SerialNumber": story.serial}, "the seed is shown once only"


def test_09_the_qr_code_is_a_picture(story: Story) -> None:
    picture = story.server.folder / "qr.png"
    story.server.aws(
        "iam", "create-virtual-mfa-device", "--virtual-mfa-device-name", "abandoned",
        "--outfile", str(picture), "--bootstrap-method", "QRCodePNG", keys=story.user,
    )  # fmt: skip
    assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_10_an_abandoned_device_blocks_its_name_until_an_administrator_deletes_it(story: Story) -> None:
    arguments = (
        "iam", "create-virtual-mfa-device", "--virtual-mfa-device-name", "abandoned",
        "--outfile", str(story.server.folder / "again"), "--bootstrap-method", "QRCodePNG",
    )  # fmt: skip
    error = story.server.refused(*arguments, keys=story.user)
    assert (error.code, error.message) == ("EntityAlreadyExists", "MFA device already exists.")
    serial = f"arn:aws:iam::{ACCOUNT}:mfa/abandoned"
    error = story.server.refused("iam", "delete-virtual-mfa-device", "--serial-number", serial, keys=story.user)
    assert error.code == "AccessDenied"
    assert f"not authorized to perform: iam:DeleteVirtualMFADevice on resource: {serial}" in error.message
    assert "with an explicit deny" in error.message
    story.server.aws("iam", "delete-virtual-mfa-device", "--serial-number", serial)
    story.server.aws(*arguments, keys=story.user)
    story.server.aws("iam", "delete-virtual-mfa-device", "--serial-number", serial)


def enable(story: Story, first: str, second: str) -> tuple[str, ...]:
    return (
        "iam", "enable-mfa-device", "--user-name", USER, "--serial-number", story.serial,
        "--authentication-code1", first, "--authentication-code2", second,
    )  # fmt: skip


def test_11_codes_that_do_not_follow_each_other_enable_nothing(story: Story) -> None:
    for steps in ((-2, 0), (0, -1), (0, 0)):
        error = story.server.refused(*enable(story, *story.codes(*steps)), keys=story.user)
        assert error.code == "InvalidAuthenticationCode"
    assert story.server.aws("iam", "list-mfa-devices", "--user-name", USER)["MFADevices"] == []


def test_12_two_consecutive_codes_enable_the_device(story: Story) -> None:
    story.server.aws(*enable(story, *story.codes(-1, 0)), keys=story.user)
    (device,) = story.server.aws("iam", "list-mfa-devices", keys=story.user)["MFADevices"]
    assert (device["UserName"], device["SerialNumber"]) == (USER, story.serial)
    assert device["EnableDate"]


def session_token(story: Story, code: str) -> tuple[str, ...]:
    return ("sts", "get-session-token", "--serial-number", story.serial, "--token-code", code)


def test_13_a_code_of_the_device_opens_a_session(story: Story) -> None:
    # Not the code of the step to come: where a step ended while the pair was on its way, the device counts as one late.
    story.server.advance(30)
    code = story.code()
    answer = story.server.aws(*session_token(story, code), keys=story.user)
    story.session = Keys.of(answer["Credentials"])
    assert story.session.access_key_id.startswith("ASIA")
    assert story.server.aws("sts", "get-caller-identity", keys=story.session)["Arn"] == USER_ARN

    error = story.server.refused(*session_token(story, code), keys=story.user)
    assert error.code == "AccessDenied"
    assert error.message == "MultiFactorAuthentication failed with invalid MFA one time pass code."


def test_14_with_mfa_ec2_is_allowed(story: Story) -> None:
    result = story.simulate("ec2:DescribeInstances", WITH_MFA)
    assert result["EvalDecision"] == "allowed"
    assert story.decide("ec2:DescribeInstances", {"aws:MultiFactorAuthPresent": "true"})["decision"] == "allow"


def test_15_with_mfa_own_access_keys_are_listed(story: Story) -> None:
    (key,) = story.server.aws("iam", "list-access-keys", keys=story.session)["AccessKeyMetadata"]
    assert key["AccessKeyId"] == story.user.access_key_id
    made = story.server.aws("iam", "create-access-key", "--user-name", USER, keys=story.session)["AccessKey"]
    story.server.aws(
        "iam", "delete-access-key", "--user-name", USER, "--access-key-id", made["AccessKeyId"], keys=story.session
    )


def test_16_with_mfa_list_users_is_refused_implicitly(story: Story) -> None:
    error = story.server.refused("iam", "list-users", keys=story.session)
    assert error.code == "AccessDenied"
    assert error.message.endswith("because no identity-based policy allows the iam:ListUsers action")


def test_17_with_mfa_s3_is_refused_implicitly(story: Story) -> None:
    assert story.simulate("s3:ListAllMyBuckets", WITH_MFA)["EvalDecision"] == "implicitDeny"
    answer = story.decide("s3:ListAllMyBuckets", {"aws:MultiFactorAuthPresent": "true"})
    assert answer["decision"] == "implicit_deny"


def test_18_the_long_term_key_is_still_without_mfa(story: Story) -> None:
    error = story.server.refused("iam", "list-access-keys", keys=story.user)
    assert error.code == "AccessDenied"
    assert "explicit deny" in error.message


def test_19_a_session_without_mfa_reaches_nothing_of_iam(story: Story) -> None:
    answer = story.server.aws("sts", "get-session-token", keys=story.user)
    plain = Keys.of(answer["Credentials"])
    assert story.server.aws("sts", "get-caller-identity", keys=plain)["Arn"] == USER_ARN
    error = story.server.refused("iam", "get-user", keys=plain)
    assert (error.code, error.message) == (
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    )


def test_20_a_session_cannot_be_made_from_a_session(story: Story) -> None:
    error = story.server.refused("sts", "get-session-token", keys=story.session)
    assert (error.code, error.message) == ("AccessDenied", "Cannot call GetSessionToken with session credentials")


def test_21_who_has_a_device_needs_mfa_to_change_own_devices(story: Story) -> None:
    second = story.server.client("iam", story.session).create_virtual_mfa_device(VirtualMFADeviceName="second")
    device = second["VirtualMFADevice"]
    seed = device["Base32StringSeed"].decode()
    assert device["QRCodePNG"].startswith(b"\x89PNG")

    def codes() -> dict[str, str]:
        now = story.server.now()
        return {
            "UserName": USER,
            "SerialNumber": device["SerialNumber"],
            "AuthenticationCode1": totp(seed, now, -1),
            "AuthenticationCode2": totp(seed, now),
        }

    plain = story.server.client("iam", story.user)
    with pytest.raises(plain.exceptions.ClientError) as refused:
        plain.enable_mfa_device(**codes())
    assert refused.value.response["Error"]["Code"] == "AccessDenied"

    strong = story.server.client("iam", story.session)
    strong.enable_mfa_device(**codes())
    assert len(strong.list_mfa_devices()["MFADevices"]) == 2
    strong.deactivate_mfa_device(UserName=USER, SerialNumber=device["SerialNumber"])
    story.server.client("iam").delete_virtual_mfa_device(SerialNumber=device["SerialNumber"])
    assert len(strong.list_mfa_devices()["MFADevices"]) == 1


def test_22_codes_ten_minutes_old_enable_a_device_that_resync_then_mends(story: Story) -> None:
    aws = story.server.aws
    aws("iam", "create-user", "--user-name", "late")
    late = Keys.of(aws("iam", "create-access-key", "--user-name", "late")["AccessKey"])
    seed_file = story.server.folder / "late.txt"
    made = aws(
        "iam", "create-virtual-mfa-device", "--virtual-mfa-device-name", "late",
        "--outfile", str(seed_file), "--bootstrap-method", "Base32StringSeed",
    )  # fmt: skip
    serial = made["VirtualMFADevice"]["SerialNumber"]
    seed = seed_file.read_text().strip()

    def code(steps: int) -> str:
        return totp(seed, story.server.now(), steps)

    def two_codes(command: str, at: float, steps: int) -> tuple[str, ...]:
        return (
            "iam", command, "--user-name", "late", "--serial-number", serial,
            "--authentication-code1", totp(seed, at, steps), "--authentication-code2", totp(seed, at, steps + 1),
        )  # fmt: skip

    aws(*two_codes("enable-mfa-device", story.server.now(), -20))
    (device,) = aws("iam", "list-mfa-devices", "--user-name", "late")["MFADevices"]
    assert device["SerialNumber"] == serial

    with_code = ("sts", "get-session-token", "--serial-number", serial, "--token-code")
    error = story.server.refused(*with_code, code(0), keys=late)
    assert error.code == "AccessDenied"
    assert error.message == "MultiFactorAuthentication failed with invalid MFA one time pass code."

    story.server.advance(90)
    at = story.server.now()
    aws(*two_codes("resync-mfa-device", at, -1))
    story.server.advance(30)
    answer = aws(*with_code, code(0), keys=late)
    assert answer["Credentials"]["SessionToken"]

    error = story.server.refused(*two_codes("resync-mfa-device", at, -1))
    assert error.code == "InvalidAuthenticationCode", "a pair that was used is used up"


def test_23_a_stolen_serial_is_of_no_use_to_another_user(story: Story) -> None:
    aws = story.server.aws
    aws("iam", "create-user", "--user-name", "thief")
    thief = Keys.of(aws("iam", "create-access-key", "--user-name", "thief")["AccessKey"])
    story.server.advance(60)
    error = story.server.refused(*session_token(story, story.code()), keys=thief)
    assert error.code == "AccessDenied"
    assert error.message == (
        "MultiFactorAuthentication failed, unable to validate MFA code.  "
        "Please verify your MFA serial number is valid and associated with this user."
    )


def test_24_the_device_goes_only_when_it_is_deactivated(story: Story) -> None:
    error = story.server.refused("iam", "delete-virtual-mfa-device", "--serial-number", story.serial)
    assert (error.code, error.message) == ("DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.")
    story.server.aws(
        "iam", "deactivate-mfa-device", "--user-name", USER, "--serial-number", story.serial, keys=story.session
    )
    story.server.aws("iam", "delete-virtual-mfa-device", "--serial-number", story.serial)
    error = story.server.refused("iam", "delete-virtual-mfa-device", "--serial-number", story.serial)
    assert error.code == "NoSuchEntity"
    assert error.message == f"MFA Device with serial number {story.serial} does not exist."
