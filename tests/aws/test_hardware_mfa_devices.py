"""Hardware MFA devices: imported from a vendor's files, enabled by boto3, with the codes of `oathtool`."""

from __future__ import annotations

import base64
import subprocess
import urllib.parse
from xml.sax.saxutils import escape

import pytest
from botocore.exceptions import ClientError

from claviger import Keys, Server

# Seeds in hexadecimal, by serial number.
SEEDS = {"GAHT12345678": "3132333435363738393031323334353637383930", "ABC-0001-2345": "00112233445566778899aabbccddeeff00112233"}


def codes(server: Server, serial: str, steps: int = 0) -> list[str]:
    """What the token shows: the code before, and the one of so many steps from now."""
    at = int(server.now()) + 30 * (steps - 1)
    command = ["oathtool", "--totp=sha1", "--window=1", f"--now=@{at}", SEEDS[serial]]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def call(server: Server, action: str, **parameters: str) -> tuple[int, str]:
    """An operation that AWS's clients do not know."""
    form = {"Action": action, "Version": "2010-05-08"} | parameters
    answer = server.query(urllib.parse.urlencode(form))
    return answer.status, answer.text


def pskc(serial: str) -> str:
    """A container as RFC 6030 has it."""
    secret = base64.b64encode(bytes.fromhex(SEEDS[serial])).decode()
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc">
  <KeyPackage>
    <DeviceInfo><Manufacturer>{escape("Smith & Sons")}</Manufacturer><SerialNo>{serial}</SerialNo></DeviceInfo>
    <Key Id="1" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:totp">
      <AlgorithmParameters><ResponseFormat Length="6" Encoding="DECIMAL"/></AlgorithmParameters>
      <Data>
        <Secret><PlainValue>{secret}</PlainValue></Secret>
        <Time><PlainValue>0</PlainValue></Time>
        <TimeInterval><PlainValue>30</PlainValue></TimeInterval>
      </Data>
    </Key>
  </KeyPackage>
</KeyContainer>"""


def test_01_both_formats_are_imported(server: Server) -> None:
    csv = f"serial number,seed\r\nGAHT12345678,{SEEDS['GAHT12345678']}\r\n"
    assert call(server, "ImportHardwareMFADevices", Format="CSV", Content=csv)[0] == 200
    status, said = call(server, "ImportHardwareMFADevices", Format="PSKC", Content=pskc("ABC-0001-2345"))
    assert status == 200, said
    status, said = call(server, "ListHardwareMFADevices")
    assert said.index("ABC-0001-2345") < said.index("GAHT12345678")
    for seed in SEEDS.values():
        assert seed not in said


def test_02_an_external_entity_is_not_read(server: Server) -> None:
    trap = '<!DOCTYPE k [<!ENTITY e SYSTEM "file:///etc/hostname">]><KeyContainer>&e;</KeyContainer>'
    status, said = call(server, "ImportHardwareMFADevices", Format="PSKC", Content=trap)
    assert status == 400
    assert "A document type is not accepted." in said


def test_03_a_user_enables_and_uses_two_of_them(server: Server) -> None:
    iam = server.client("iam")
    iam.create_user(UserName="carol")
    carol = Keys.of(iam.create_access_key(UserName="carol")["AccessKey"])
    for serial in SEEDS:
        first, second = codes(server, serial)
        iam.enable_mfa_device(
            UserName="carol", SerialNumber=serial, AuthenticationCode1=first, AuthenticationCode2=second
        )
    held = iam.list_mfa_devices(UserName="carol")["MFADevices"]
    assert {device["SerialNumber"] for device in held} == set(SEEDS)
    assert iam.get_mfa_device(UserName="carol", SerialNumber="GAHT12345678")["UserName"] == "carol"
    # The next code is good a step early, and once.
    sts = server.client("sts", carol)
    code = codes(server, "GAHT12345678", 1)[1]
    assert sts.get_session_token(SerialNumber="GAHT12345678", TokenCode=code)["Credentials"]["SessionToken"]
    with pytest.raises(ClientError) as refused:
        sts.get_session_token(SerialNumber="GAHT12345678", TokenCode=code)
    assert refused.value.response["Error"]["Code"] == "AccessDenied"


def test_04_a_clock_that_went_wrong_is_found_again(server: Server) -> None:
    first, second = codes(server, "ABC-0001-2345", 40)
    server.client("iam").resync_mfa_device(
        UserName="carol", SerialNumber="ABC-0001-2345", AuthenticationCode1=first, AuthenticationCode2=second
    )


def test_05_a_device_is_taken_away_and_deleted(server: Server) -> None:
    iam = server.client("iam")
    status, said = call(server, "DeleteHardwareMFADevice", SerialNumber="GAHT12345678")
    assert status == 409, said
    for serial in SEEDS:
        iam.deactivate_mfa_device(UserName="carol", SerialNumber=serial)
        assert call(server, "DeleteHardwareMFADevice", SerialNumber=serial)[0] == 200
    assert iam.list_mfa_devices(UserName="carol")["MFADevices"] == []
