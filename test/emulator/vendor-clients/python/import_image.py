"""Uploads an image with oss2 and imports it with the ECS SDK: the vendor's Python clients, unmodified.

Arguments: port, signature of OSS (v1 or v4), a file. Prints the results as one line of JSON.
"""
import json
import sys
import time
import urllib.request

import oss2
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526 import (
    DeleteImageRequest,
    DescribeImagesRequest,
    DescribeTaskAttributeRequest,
    DescribeTasksRequest,
    ImportImageRequest,
)

PORT, SIGNATURE, FILE = sys.argv[1:4]
REGION = "cn-hangzhou"
NAME = "python-" + SIGNATURE
KEY = "images/a b+c'(ü)*.raw"
results = {}


def oss(secret="emulator-secret"):
    auth = oss2.AuthV4 if SIGNATURE == "v4" else oss2.Auth
    return oss2.Bucket(auth("emulator", secret), "http://127.0.0.1:" + PORT, NAME, region=REGION)


def code_of(call):
    try:
        call()
    except (oss2.exceptions.ServerError, ServerException) as error:
        return error.code if isinstance(error, oss2.exceptions.ServerError) else error.get_error_code()
    return None


def upload():
    bucket = oss()
    bucket.create_bucket()
    done = oss2.resumable_upload(
        bucket, KEY, FILE, multipart_threshold=200 * 1024, part_size=200 * 1024, num_threads=3,
        store=oss2.ResumableStore(root=FILE + "-" + SIGNATURE),
    )
    bytes_ = open(FILE, "rb").read()
    results["info"] = bucket.get_bucket_info().location
    results["listed"] = [item.key for item in oss2.ObjectIteratorV2(bucket, prefix="images/")]
    # oss2 compares the checksum of the content with the checksum in the response.
    results["sameBytes"] = bucket.get_object(KEY).read() == bytes_
    results["sameRange"] = bucket.get_object(KEY, byte_range=(7, 1000)).read() == bytes_[7:1001]
    results["sameByUrl"] = urllib.request.urlopen(bucket.sign_url("GET", KEY, 60)).read() == bytes_
    results["status"] = done.status
    results["noKey"] = code_of(lambda: bucket.get_object("none").read())
    results["wrongSecret"] = code_of(lambda: oss("wrong").put_object("x", bytes_))


def request(kind, **fields):
    created = kind()
    created.set_endpoint("127.0.0.1:" + PORT)
    for name, value in fields.items():
        getattr(created, "set_" + name)(value)
    return created


def call(kind, secret="emulator-secret", **fields):
    client = AcsClient("emulator", secret, REGION)
    return json.loads(client.do_action_with_exception(request(kind, **fields)))


def import_image():
    fields = {
        "ImageName": NAME,
        "ClientToken": NAME,
        "DiskDeviceMappings": [{"OSSBucket": NAME, "OSSObject": KEY, "Format": "RAW", "DiskImageSize": 5}],
        "Tags": [{"Key": "from", "Value": "python & ü"}],
    }
    created = call(ImportImageRequest.ImportImageRequest, **fields)
    again = call(ImportImageRequest.ImportImageRequest, **fields)
    results["sameImageForSameToken"] = created["ImageId"] == again["ImageId"]
    status = None
    for _ in range(100):
        response = call(DescribeImagesRequest.DescribeImagesRequest, ImageId=created["ImageId"], Status="Creating,Available")
        image = response["Images"]["Image"][0]
        status = image["Status"]
        if status == "Available":
            break
        time.sleep(0.1)
    tasks = call(DescribeTasksRequest.DescribeTasksRequest, TaskIds=created["TaskId"])
    task = call(DescribeTaskAttributeRequest.DescribeTaskAttributeRequest, TaskId=created["TaskId"])
    results["image"] = {"status": status, "tags": image["Tags"]["Tag"]}
    results["task"] = [tasks["TaskSet"]["Task"][0]["TaskStatus"], task["TaskProcess"]]
    call(DeleteImageRequest.DeleteImageRequest, ImageId=created["ImageId"])
    results["deletedTwice"] = code_of(lambda: call(DeleteImageRequest.DeleteImageRequest, ImageId=created["ImageId"]))
    results["ecsUnknownKey"] = code_of(
        lambda: AcsClient("unknown", "x", REGION).do_action_with_exception(
            request(DescribeTasksRequest.DescribeTasksRequest)
        )
    )


upload()
import_image()
print(json.dumps(results))
