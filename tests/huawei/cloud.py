"""The clients of the second door: the unmodified SDK, and its signer with requests made byte by byte."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ServiceResponseException
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import DerivationAKSKSigner, Signer
from huaweicloudsdkiam.v3 import IamClient as IamClientV3
from huaweicloudsdkiam.v5 import IamClient

from claviger import Keys, Server


@dataclass
class Told:
    """An answer in JSON."""

    status: int
    headers: Any
    body: Any


def client(server: Server, keys: Keys, domain_id: str | None = None, *, derived: bool = False) -> IamClient:
    """Huawei's SDK for the v5 API, told where the server is as its users are."""
    credentials = GlobalCredentials(keys.access_key_id, keys.secret_access_key, domain_id)
    if keys.session_token is not None:
        credentials.with_security_token(keys.session_token)
    if derived:
        credentials.with_derived_predicate(lambda _: True)
        credentials._process_derived_auth_params("iam", "globe")
    return IamClient.new_builder().with_credentials(credentials).with_endpoint(server.endpoint).build()


def client_v3(server: Server, keys: Keys, domain_id: str) -> IamClientV3:
    """Huawei's SDK for the older API."""
    credentials = GlobalCredentials(keys.access_key_id, keys.secret_access_key, domain_id)
    if keys.session_token is not None:
        credentials.with_security_token(keys.session_token)
    return IamClientV3.new_builder().with_credentials(credentials).with_endpoint(server.endpoint).build()


def outcome(error: ServiceResponseException) -> tuple[int, str]:
    """What a refusal is called."""
    return error.status_code, error.error_code


def own_id(server: Server, keys: Keys) -> str:
    """The id of the keys' owner."""
    return ask(server, keys, "/v5/caller-identity").body["principal_id"]


def make_user(server: Server, name: str, policy: Any = None) -> Keys:
    """A user of the AWS door with an access key; the policy is the ARN of a managed one, or a document."""
    server.aws("iam", "create-user", "--user-name", name)
    if isinstance(policy, str):
        server.aws("iam", "attach-user-policy", "--user-name", name, "--policy-arn", policy)
    elif policy is not None:
        grant(server, name, policy)
    return Keys.of(server.aws("iam", "create-access-key", "--user-name", name)["AccessKey"])


def grant(server: Server, name: str, policy: Any) -> None:
    """Gives a user this policy in place of any other of the kind."""
    document = json.dumps({"Version": "2012-10-17", "Statement": policy})
    server.aws("iam", "put-user-policy", "--user-name", name, "--policy-name", "p", "--policy-document", document)


def refusal(call: Any, *arguments: Any, **more: Any) -> ServiceResponseException:
    """Calls the SDK and expects a refusal."""
    try:
        answer = call(*arguments, **more)
    except ServiceResponseException as error:
        return error
    raise AssertionError(f"not refused, but answered {answer}")


def send(server: Server, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> Told:
    answer = server.send(method, target, list(headers.items()), body)
    return Told(answer.status, answer.headers, json.loads(answer.body) if answer.body else None)


def ask(
    server: Server,
    keys: Keys,
    path: str,
    query: list[tuple[str, str]] | None = None,
    headers: dict[str, str] | None = None,
    *,
    method: str = "GET",
    body: Any = None,
    derived_service: str | None = None,
) -> Told:
    """Sends a request that the SDK's own signer signed."""
    request = SdkRequest(
        method=method,
        schema=server.scheme,
        host=f"127.0.0.1:{server.port}",
        resource_path=path,
        query_params=list(query or []),
        header_params={"Content-Type": "application/json"} | (headers or {}),
        body=b"" if body is None else json.dumps(body).encode(),
    )
    credentials = GlobalCredentials(keys.access_key_id, keys.secret_access_key)
    if keys.session_token is not None:
        request.header_params["X-Security-Token"] = keys.session_token
    if derived_service is None:
        signed = Signer(credentials).sign(request)
    else:
        signed = DerivationAKSKSigner(credentials).sign(request, derived_service, "globe")
    return send(server, method, signed.uri, signed.header_params, signed.body or b"")


def ask_as_go_does(server: Server, keys: Keys, path: str, late: dict[str, str] | None = None) -> Told:
    """Sends a request as Open Telekom Cloud's Go client signs it; it adds some headers when it has signed."""
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {"accept": "application/json", "host": f"127.0.0.1:{server.port}", "x-sdk-date": stamp}
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"GET\n{path}/\n\n{lines}\n{names}\n{hashlib.sha256(b'').hexdigest()}"
    scope = f"{stamp[:8]}///sdk_request"
    to_sign = f"SDK-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"SDK" + keys.secret_access_key.encode()
    for part in (stamp[:8], "", "", "sdk_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    headers["authorization"] = (
        f"SDK-HMAC-SHA256 Credential={keys.access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return send(server, "GET", path, headers | (late or {}))
