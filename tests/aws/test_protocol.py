"""The wire: requests made byte by byte and signed by botocore's signer. Names that bear a number are abuse cases."""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import botocore.auth
import pytest

from claviger import ACCOUNT, FORM, Answer, Keys, Server

WHO = "Action=GetCallerIdentity&Version=2011-06-15"
LIST = "Action=ListUsers&Version=2010-05-08"
IAM = "https://iam.amazonaws.com/doc/2010-05-08/"
STS = "https://sts.amazonaws.com/doc/2011-06-15/"
FAULT = "http://webservices.amazon.com/AWSFault/2005-15-09"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
INVALID_TOKEN = "The security token included in the request is invalid."


@pytest.fixture(autouse=True)
def nothing_changes(server: Server) -> Iterator[None]:
    """No request of this file, but those that say so, leaves a trace in the list of users."""
    yield
    assert "<member>" not in server.query(LIST).text


def refused(answer: Answer, status: int, code: str, message: str | None = None) -> None:
    assert (answer.status, answer.code) == (status, code), answer.text
    if message is not None:
        assert answer.element("Message") == message


# Shapes


def test_an_answer_has_the_published_shape(server: Server) -> None:
    answer = server.query(WHO, service="sts")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    body = re.sub(r"^<\?xml[^>]*\?>\s*", "", answer.text)
    assert body.startswith(f'<GetCallerIdentityResponse xmlns="{STS}">')
    assert answer.element("Arn") == f"arn:aws:iam::{ACCOUNT}:root"
    assert re.search(r"</GetCallerIdentityResult>\s*<ResponseMetadata>\s*<RequestId>", body)


def test_a_list_that_is_empty_is_present(server: Server) -> None:
    text = server.query(LIST).text
    assert re.search(r"<Users ?/>|<Users></Users>", text)
    assert "<IsTruncated>false</IsTruncated>" in text


def test_a_refusal_has_the_published_shape(server: Server) -> None:
    answer = server.query("Action=GetUser&Version=2010-05-08&UserName=nobody")
    refused(answer, 404, "NoSuchEntity", "The user with name nobody cannot be found.")
    body = re.sub(r"^<\?xml[^>]*\?>\s*", "", answer.text)
    assert re.fullmatch(
        rf'<ErrorResponse xmlns="{re.escape(IAM)}">\s*<Error>\s*<Type>Sender</Type>\s*<Code>NoSuchEntity</Code>\s*'
        r"<Message>[^<]+</Message>\s*</Error>\s*<RequestId>[0-9a-f-]{36}</RequestId>\s*</ErrorResponse>\s*",
        body,
    )


# Dispatch


def test_an_unknown_action_is_named(server: Server) -> None:
    answer = server.query("Action=Fly&Version=2010-05-08")
    refused(answer, 400, "InvalidAction", "Could not find operation Fly for version 2010-05-08")
    assert FAULT in answer.text


def test_an_action_of_another_version_is_unknown(server: Server) -> None:
    refused(
        server.query("Action=ListUsers&Version=2009-01-01"),
        400,
        "InvalidAction",
        "Could not find operation ListUsers for version 2009-01-01",
    )


def test_a_missing_version_is_named(server: Server) -> None:
    refused(
        server.query("Action=ListUsers"),
        400,
        "InvalidAction",
        "Could not find operation ListUsers for version NO_VERSION_SPECIFIED",
    )


def test_a_missing_action_is_refused(server: Server) -> None:
    refused(server.query("Version=2010-05-08"), 400, "MissingAction")


def test_names_are_case_sensitive(server: Server) -> None:
    answer = server.query("Action=GetUser&Version=2010-05-08&username=nobody")
    assert answer.status == 200, "an unknown parameter is ignored, and root asks for itself"
    assert answer.element("Arn") == f"arn:aws:iam::{ACCOUNT}:root"


def test_a_signed_get_is_answered(server: Server) -> None:
    target = f"/?{WHO}"
    answer = server.send("GET", target, server.signed("", method="GET", target=target, service="sts"))
    assert answer.status == 200
    assert answer.element("Account") == ACCOUNT


def test_other_methods_are_refused(server: Server) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        answer = server.send(method, "/", server.signed(WHO, method=method, service="sts"), WHO.encode())
        assert 400 <= answer.status < 500, method


# Limits


def test_a_body_over_a_mebibyte_is_refused(server: Server) -> None:
    body = LIST + "&PathPrefix=/" + "x" * (1024 * 1024)
    answer = server.query(body)
    assert answer.status == 413


def test_more_than_a_thousand_parameters_are_refused(server: Server) -> None:
    many = "".join(f"&P{number}=x" for number in range(998))
    assert server.query(LIST + many).status == 200
    answer = server.query(LIST + many + "&One=x")
    assert 400 <= answer.status < 500


def test_every_violation_of_a_request_is_counted(server: Server) -> None:
    long = "x" * 129
    answer = server.query(f"Action=CreateUser&Version=2010-05-08&UserName={long}&Path=/{'p' * 512}/")
    refused(answer, 400, "ValidationError")
    message = answer.element("Message")
    assert message is not None
    assert message.startswith("2 validation errors detected: ")
    assert "Value at 'userName' failed to satisfy constraint: " in message
    assert "Value at 'path' failed to satisfy constraint: Member must have length less than or equal to 512" in message
    assert long not in message


def test_huge_list_indices_cost_nothing(server: Server) -> None:
    begun = time.monotonic()
    server.query(
        "Action=TagUser&Version=2010-05-08&UserName=nobody&Tags.member.4000000000.Key=a&Tags.member.4000000000.Value=b"
    )
    assert time.monotonic() - begun < 2


# Signatures


def test_an_unsigned_request_is_refused(server: Server) -> None:
    headers = [("Host", f"127.0.0.1:{server.port}"), ("Content-Type", FORM)]
    refused(
        server.send("POST", "/", headers, LIST.encode()),
        403,
        "MissingAuthenticationToken",
        "Request is missing Authentication Token",
    )


def test_ac_01_an_unknown_key_is_never_let_in(server: Server) -> None:
    unknown = "AKIAUNKNOWNUNKNOWN00"
    for secret in ("", unknown, server.root.secret_access_key):
        refused(
            server.query(WHO, service="sts", keys=Keys(unknown, secret or " ")),
            403,
            "InvalidClientTokenId",
            INVALID_TOKEN,
        )


def test_ac_02_the_host_must_be_signed_and_be_the_one_sent(server: Server) -> None:
    headers = server.signed(WHO, service="sts")
    for host in ("iam.example.com", f"127.0.0.1:{server.port + 1}"):
        other = [(name, host if name.lower() == "host" else value) for name, value in headers]
        refused(server.send("POST", "/", other, WHO.encode()), 403, "SignatureDoesNotMatch")
    without = [(name, re.sub("host;", "", value)) for name, value in headers]
    refused(
        server.send("POST", "/", without, WHO.encode()),
        403,
        "SignatureDoesNotMatch",
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    )
    twice = [*headers, ("Host", "iam.example.com")]
    assert 400 <= server.send("POST", "/", twice, WHO.encode()).status < 500


def test_ac_03_an_amz_header_must_be_signed(server: Server) -> None:
    headers = [*server.signed(WHO, service="sts"), ("X-Amz-Target", "Something.Else")]
    assert server.send("POST", "/", headers, WHO.encode()).status in {400, 403}
    headers = [*server.signed(WHO, service="sts"), ("X-Amz-Security-Token", "planted")]
    assert server.send("POST", "/", headers, WHO.encode()).status in {400, 403}


def test_ac_04_one_parse_decides_and_is_verified(server: Server) -> None:
    first_wins = server.query(f"{WHO}&Action=ListUsers", service="sts")
    assert first_wins.element("Account") == ACCOUNT
    target = "/?UserName=mallory"
    body = "Action=CreateUser&Version=2010-05-08&UserName=bob"
    answer = server.send("POST", target, server.signed(body, target=target), body.encode())
    assert 400 <= answer.status < 500, "one name in both query and body"
    headers = server.signed(WHO, service="sts")
    authorization = next(value for name, value in headers if name == "Authorization")
    answer = server.send("POST", "/", [*headers, ("Authorization", authorization)], WHO.encode())
    assert 400 <= answer.status < 500, "two Authorization headers"


def test_ac_05_the_body_is_bound_to_the_signature(server: Server) -> None:
    headers = server.signed(WHO, service="sts")
    other = WHO.replace("GetCallerIdentity", "GetSessionToken01")
    assert server.send("POST", "/", headers, other.encode()).status in {400, 403}
    changed = "Action=CreateUser&Version=2010-05-08&UserName=mallory"
    signed = server.signed(changed.replace("mallory", "someone"))
    refused(server.send("POST", "/", signed, changed.encode()), 403, "SignatureDoesNotMatch", MISMATCH)


@pytest.mark.parametrize(
    "stated", ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "0" * 64, "e3b0c44298fc1c149afbf4c8996fb924"]
)
def test_ac_05_unsigned_payloads_are_refused(server: Server, stated: str) -> None:
    answer = server.query(WHO, service="sts", headers={"X-Amz-Content-SHA256": stated})
    assert answer.status in {400, 403}, answer.text


def test_ac_06_there_is_one_place_for_authentication(server: Server) -> None:
    target = server.presigned(WHO)
    headers = server.signed("", method="GET", target=target, service="sts")
    assert server.send("GET", target, headers).status in {400, 403}
    plain = f"/?{WHO}"
    appended = f"{plain}&X-Amz-Signature={'0' * 64}"
    headers = server.signed("", method="GET", target=plain, service="sts")
    assert server.send("GET", appended, headers).status in {400, 403}


def test_ac_07_the_service_is_strict_and_the_region_is_free(server: Server) -> None:
    for region in ("us-east-1", "eu-central-1", "mars-north-7"):
        assert server.query(WHO, service="sts", region=region).status == 200
    answer = server.query(LIST, service="sts")
    refused(answer, 403, "SignatureDoesNotMatch")
    assert (answer.element("Message") or "").startswith("Credential should be scoped to correct service: 'iam'.")


def test_ac_07_terminator_and_date_of_the_scope_are_checked(server: Server) -> None:
    headers = server.signed(WHO, service="sts")
    for old, new in (
        ("aws4_request", "aws5_request"),
        (datetime.datetime.now(datetime.UTC).strftime("%Y%m%d") + "/", "20200101/"),
    ):
        wrong = [(name, value.replace(old, new) if name == "Authorization" else value) for name, value in headers]
        refused(server.send("POST", "/", wrong, WHO.encode()), 403, "SignatureDoesNotMatch")


def test_ac_08_a_request_out_of_its_time_is_told_the_time(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for minutes, beginning in ((-16, "Signature expired: "), (16, "Signature not yet current: ")):
        moved = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)
        with monkeypatch.context() as patch:
            patch.setattr(botocore.auth, "get_current_datetime", lambda moved=moved, **_: moved.replace(tzinfo=None))
            headers = server.signed(WHO, service="sts")
        answer = server.send("POST", "/", headers, WHO.encode())
        refused(answer, 403, "SignatureDoesNotMatch")
        message = answer.element("Message") or ""
        assert message.startswith(beginning), message
        assert moved.strftime("%Y%m%dT%H%M") in message
        served = parsedate_to_datetime(answer.headers["Date"])
        assert abs((served - datetime.datetime.now(datetime.UTC)).total_seconds()) < 10


@pytest.mark.parametrize("expires", ["0", "-1", "604801", "99999999999999999999", "sixty", ""])
def test_ac_08_a_life_out_of_range_is_refused(server: Server, expires: str) -> None:
    target = re.sub(r"X-Amz-Expires=\d+", f"X-Amz-Expires={expires}", server.presigned(WHO))
    assert server.get(target).status in {400, 403}


def test_ac_09_ambiguous_escapes_are_refused(server: Server) -> None:
    for escape in ("%zz", "%4", "%ff%fe"):
        body = f"Action=GetUser&Version=2010-05-08&UserName={escape}"
        assert 400 <= server.query(body).status < 500, escape


def test_ac_11_other_ways_of_signing_are_refused(server: Server) -> None:
    headers = server.signed(WHO, service="sts")
    for algorithm in ("AWS4-ECDSA-P256-SHA256", "AWS4-HMAC-SHA1", "AWS"):
        other = [
            (name, value.replace("AWS4-HMAC-SHA256", algorithm) if name == "Authorization" else value)
            for name, value in headers
        ]
        assert server.send("POST", "/", other, WHO.encode()).status in {400, 403}, algorithm
    v2 = f"/?{WHO}&AWSAccessKeyId={server.root.access_key_id}&SignatureVersion=2&SignatureMethod=HmacSHA256&Signature=x"
    refused(server.get(v2), 403, "MissingAuthenticationToken")


@pytest.mark.parametrize("missing", ["Credential", "SignedHeaders", "Signature"])
def test_an_incomplete_header_says_what_is_missing(server: Server, missing: str) -> None:
    headers = [
        (name, re.sub(rf"{missing}=[^,]*(, )?", "", value).rstrip(", ") if name == "Authorization" else value)
        for name, value in server.signed(WHO, service="sts")
    ]
    answer = server.send("POST", "/", headers, WHO.encode())
    refused(answer, 400, "IncompleteSignature")
    assert f"Authorization header requires '{missing}' parameter." in (answer.element("Message") or "")


def test_a_wrong_secret_does_not_match(server: Server) -> None:
    wrong = Keys(server.root.access_key_id, server.root.secret_access_key[::-1])
    refused(server.query(WHO, service="sts", keys=wrong), 403, "SignatureDoesNotMatch", MISMATCH)


# Presigned identity, as clusters and vaults use it


def test_a_presigned_identity_with_a_further_signed_header(server: Server) -> None:
    extra = {"x-k8s-aws-id": "demo-cluster"}
    target = server.presigned(WHO, headers=extra)
    assert "x-k8s-aws-id" in target
    host = ("Host", f"127.0.0.1:{server.port}")
    answer = server.send("GET", target, [host, *extra.items()])
    assert answer.status == 200, answer.text
    assert answer.element("Arn") == f"arn:aws:iam::{ACCOUNT}:root"
    for headers in ([host], [host, ("x-k8s-aws-id", "other-cluster")]):
        refused(server.send("GET", target, headers), 403, "SignatureDoesNotMatch")


def test_a_presigned_request_is_bound_to_its_query(server: Server) -> None:
    target = server.presigned(WHO)
    assert server.get(target).status == 200
    assert server.get(target.replace("GetCallerIdentity", "GetSessionToken")).status in {400, 403}
    assert server.get(target + "&UserName=x").status in {400, 403}
