"""Runs Prowler's checks of IAM against the server that the environment names, and prints each verdict as a line of JSON.

Prowler's own command line loads its code for every cloud; its provider and its checks are taken as they are.
"""

from __future__ import annotations

import importlib
import json
import sys

from prowler.providers.aws.aws_provider import AwsProvider
from prowler.providers.common.models import Audit_Metadata
from prowler.providers.common.provider import Provider


def main(checks: list[str]) -> None:
    provider = AwsProvider(regions={"us-east-1"})
    provider.audit_metadata = Audit_Metadata(
        services_scanned=0, expected_checks=checks, completed_checks=0, audit_progress=0
    )
    Provider.set_global_provider(provider)
    for name in checks:
        module = importlib.import_module(f"prowler.providers.aws.services.iam.{name}.{name}")
        for verdict in getattr(module, name)().execute():
            print(json.dumps([name, verdict.resource_id, verdict.status, verdict.status_extended]))


if __name__ == "__main__":
    main(sys.argv[1:])
