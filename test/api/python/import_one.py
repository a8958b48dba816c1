"""Runs one import with the client that is generated from the OpenAPI document: import_one.py URL KEY IMAGE BUCKET NAME."""

import json
import sys
import time

from ecs_image_import_client import AuthenticatedClient
from ecs_image_import_client.api.imports import get_import, list_imports, start_import
from ecs_image_import_client.models import ImportRequest, Problem

url, key, image, bucket, name = sys.argv[1:]

with AuthenticatedClient(base_url=url, token=key) as client:
    request = ImportRequest.from_dict(
        {
            "region": "cn-hangzhou",
            "imageName": name,
            "disks": [{"source": f"file://{image}"}],
            "upload": {"bucket": bucket},
            "tags": {"made-by": "python"},
        }
    )
    started = start_import.sync(client=client, body=request, idempotency_key=name)
    repeated = start_import.sync(client=client, body=request, idempotency_key=name)
    until = time.monotonic() + 120
    while (view := get_import.sync(started.id, client=client)).state.value not in ("succeeded", "failed", "cancelled"):
        if time.monotonic() > until:
            raise SystemExit(f"the import did not end: {view.to_dict()}")
        time.sleep(0.2)
    listed = list_imports.sync(client=client, tag=["made-by=python"], name=name)
    unknown = get_import.sync("imp-unknown", client=client)

print(
    json.dumps(
        {
            "state": view.state.value,
            "error": view.error and view.error.to_dict(),
            "image": view.image.image_id if view.image else None,
            "sameForSameKey": repeated.id == started.id,
            "listed": [one.id for one in listed.imports] == [started.id],
            "unknown": unknown.code if isinstance(unknown, Problem) else None,
        }
    )
)
