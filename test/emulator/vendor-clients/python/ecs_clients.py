"""Calls the emulator with the vendor's current and older Python clients, unmodified. Prints the results as JSON."""
import json
import sys

from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526 import CancelTaskRequest, DescribeImagesRequest, ImportImageRequest
from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.models import Config

address = sys.argv[1]
REGION = "cn-hangzhou"
TEXT = "a b+c&d=e/ü*'()!~中"
DISK = {"OSSBucket": "images", "OSSObject": "web-01.raw"}


def current():
    config = Config(
        access_key_id="emulator",
        access_key_secret="emulator-secret",
        endpoint=address,
        protocol="http",
        region_id=REGION,
    )
    ecs = Client(config)
    disk = models.ImportImageRequestDiskDeviceMapping(ossbucket=DISK["OSSBucket"], ossobject=DISK["OSSObject"])
    request = models.ImportImageRequest(
        region_id=REGION,
        image_name="current-01",
        description=TEXT,
        disk_device_mapping=[disk] * 12,
        tag=[models.ImportImageRequestTag(key=f"k{number}", value="") for number in range(12)],
        client_token="token-1",
    )
    created = ecs.import_image(request).body
    again = ecs.import_image(request).body
    tasks = ecs.describe_tasks(models.DescribeTasksRequest(region_id=REGION, task_ids=created.task_id)).body
    images = ecs.describe_images(models.DescribeImagesRequest(region_id=REGION, status="ALL")).body
    image = images.images.image[0]
    ecs.cancel_task(models.CancelTaskRequest(region_id=REGION, task_id=created.task_id))
    try:
        ecs.cancel_task(models.CancelTaskRequest(region_id=REGION, task_id=created.task_id))
        error_code = None
    except Exception as error:
        error_code = error.code
    return {
        "sameAnswer": again.image_id == created.image_id,
        "taskStatus": tasks.task_set.task[0].task_status,
        "image": [image.image_name, image.description, len(image.tags.tag)],
        "disks": len(image.disk_device_mappings.disk_device_mapping),
        "errorCode": error_code,
    }


def older():
    def send(request, secret="emulator-secret"):
        request.set_endpoint(address)
        return json.loads(AcsClient("emulator", secret, REGION).do_action_with_exception(request))

    def error_of(request, **options):
        try:
            return send(request, **options)
        except ServerException as error:
            return [error.get_http_status(), error.get_error_code()]

    request = ImportImageRequest.ImportImageRequest()
    request.set_ImageName("older-01")
    request.set_Description(TEXT)
    request.set_DiskDeviceMappings([DISK])
    send(request)
    images = DescribeImagesRequest.DescribeImagesRequest()
    images.set_Status("ALL")
    images.set_ImageName("older-01")
    response = send(images)
    unknown = CancelTaskRequest.CancelTaskRequest()
    unknown.set_TaskId("t-unknown")
    return {
        "image": [response["TotalCount"], response["Images"]["Image"][0]["Description"]],
        "error": error_of(unknown),
        # This client compares the string to sign in the error with its own, and then reports its own error code.
        "wrongSecret": error_of(images, secret="wrong"),
    }


print(json.dumps({"current": current(), "older": older()}))
