/** Our own codes: what the service itself finds out, before or beside the cloud. */
import type { CatalogueEntry } from './entry.js';

export const OWN: readonly CatalogueEntry[] = [
  {
    code: 'Source.NotFound',
    meaning: 'The source does not exist on the worker’s host',
    class: 'request',
    remedy: 'Check the path: it is read on the host of the worker.',
    field: 'disks[].source',
  },
  {
    code: 'Source.NotAFile',
    meaning: 'The source is a folder, device, pipe or socket',
    class: 'request',
    remedy:
      'Give the path of one disk image; copy a device to a file first: qemu-img convert -O qcow2 /dev/DEVICE TARGET.qcow2.',
    field: 'disks[].source',
  },
  {
    code: 'Source.Empty',
    meaning: 'The source has no bytes',
    class: 'request',
    remedy: 'Copy or export the image again.',
    field: 'disks[].source',
  },
  {
    code: 'Source.Unreadable',
    meaning: 'The worker may not, or cannot, read the source',
    class: 'request',
    remedy:
      'Let the worker’s user read the file and enter its folders (chmod a+r FILE), and see that its disk is whole.',
    field: 'disks[].source',
  },
  {
    code: 'Source.OutsideRoots',
    meaning: 'The source lies outside the folders that imports may read',
    class: 'request',
    remedy: 'Move the image there, or have the operator add its folder to ECS_IMPORT_FILE_ROOTS.',
    field: 'disks[].source',
  },
  {
    code: 'Source.TooLarge',
    meaning: 'The source has more bytes than one object of OSS holds',
    class: 'request',
    remedy: 'Compress it: qemu-img convert -O qcow2 -c SOURCE TARGET.qcow2.',
    field: 'disks[].source',
  },
  {
    code: 'Source.Changed',
    meaning: 'The source was changed while it was read',
    class: 'request',
    remedy: 'Stop what writes to it (shut the machine down, or copy a snapshot), then start a new import.',
    field: 'disks[].source',
  },
  {
    code: 'Source.NotSupported',
    meaning: 'The service cannot read sources of this kind',
    class: 'request',
    remedy:
      'Download the image to the worker’s disk and give its path, or upload it to the bucket and give oss://BUCKET/KEY.',
    field: 'disks[].source',
  },
  {
    code: 'Source',
    prefix: true,
    meaning: 'The source cannot be used as it is',
    class: 'request',
    remedy: 'Give the import a source that is there, can be read, and stays as it is until the import is done.',
    field: 'disks[].source',
  },
  {
    code: 'Upload.Stalled',
    meaning: 'The upload stood still for too long and was cut',
    class: 'transient',
    remedy: 'Nothing to do: the part is sent again. Where it lasts, see the line between this host and the region.',
    outcomeUnknown: true,
  },
  {
    code: 'Upload.ChecksumMismatch',
    meaning: 'OSS holds other bytes than those that were read',
    class: 'transient',
    remedy:
      'Nothing to do: it is sent again. Where it lasts, test this host’s memory and what stands between it and OSS.',
  },
  {
    code: 'Upload',
    prefix: true,
    meaning: 'The upload failed on the way',
    class: 'transient',
    remedy: 'Nothing to do: it is tried again.',
  },
  {
    code: 'Request.Invalid',
    meaning: 'The request breaks rules',
    class: 'request',
    remedy: 'Mend every field that errors[] names and send it again.',
  },
  {
    code: 'Request.Malformed',
    meaning: 'The body is not JSON',
    class: 'request',
    remedy: 'Send one JSON object.',
  },
  {
    code: 'Request.NotJson',
    meaning: 'The body’s content type is not JSON',
    class: 'request',
    remedy: 'Send Content-Type: application/json.',
  },
  {
    code: 'Request.TooLarge',
    meaning: 'The body is larger than a request can be',
    class: 'request',
    remedy: 'Send many imports as a batch instead.',
  },
  {
    code: 'Request.IdempotencyKeyReused',
    meaning: 'The idempotency key belongs to another request',
    class: 'request',
    remedy: 'Use a new key for a new request.',
  },
  {
    code: 'Request.ContradictsImage',
    meaning: 'The request says something else of the image than the image shows',
    class: 'request',
    remedy: 'Leave the field out to take it from the image.',
  },
  {
    code: 'Inspection',
    prefix: true,
    meaning: 'The image could not be inspected',
    class: 'transient',
    remedy: 'Nothing to do: it is tried again. Where it lasts, see the worker’s log.',
  },
  {
    code: 'Import.NotFound',
    meaning: 'There is no import with this id',
    class: 'request',
    remedy: 'See ecs-image-import list for those that there are.',
  },
  {
    code: 'Import.Conflict',
    meaning: 'The import is not in a state for this',
    class: 'request',
    remedy: 'See its state with ecs-image-import status ID.',
  },
  {
    code: 'Import.ImageGone',
    meaning: 'The image and its import task are gone from the region',
    class: 'request',
    remedy:
      'Somebody or something else cancelled the task or deleted the image (https://actiontrail.console.aliyun.com shows who); then start a new import.',
  },
  {
    code: 'Copy.Failed',
    meaning: 'The cloud could not finish a copy of the image, or the copy is gone',
    class: 'attention',
    remedy: 'Resume to have the copy made anew.',
    field: 'distribute.regions',
  },
  {
    code: 'Import.AmbiguousImage',
    meaning: 'Several images carry the tag of one import',
    class: 'attention',
    remedy: 'Delete or untag all but the one to keep, then resume.',
  },
  {
    code: 'Detection.Refused',
    meaning: 'The cloud’s detection found what the request does not allow',
    class: 'request',
    remedy: 'Mend the image, or import with detection.failOn set to "never" to keep it all the same.',
  },
  {
    code: 'Api.Unauthorized',
    meaning: 'The API wants a token, and got none or a wrong one',
    class: 'request',
    remedy: 'Set ECS_IMPORT_API_TOKEN to the token that the API was started with.',
  },
  {
    code: 'Api.NotFound',
    meaning: 'The API has nothing at this path',
    class: 'request',
    remedy: 'See GET /openapi.json for the paths that there are.',
  },
  {
    code: 'Service.Unavailable',
    meaning: 'Temporal or PostgreSQL cannot be reached',
    class: 'transient',
    remedy: 'See GET /readyz for which of them it is; what was accepted goes on by itself when it is back.',
  },
  {
    code: 'Internal.Unexpected',
    meaning: 'Something failed that no entry explains: a fault of the service, or its database is away',
    class: 'transient',
    remedy: 'See the worker’s log for this import id; mend the cause and resume.',
  },
  {
    code: 'Internal.Defect',
    meaning: 'A fault of the service itself',
    class: 'defect',
    remedy: 'Report it with the import id and the worker’s log.',
  },
];
