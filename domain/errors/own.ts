/** Our own codes: what the service itself finds out, before or beside the cloud. */
import type { CatalogueEntry } from './entry.js';

export const OWN = [
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
    code: 'Source.NotThere',
    meaning: 'The web server has nothing at this address',
    class: 'request',
    remedy: 'Check the URL with curl -I URL on the worker’s host.',
    field: 'disks[].source',
  },
  {
    code: 'Source.Forbidden',
    meaning: 'The web server does not hand the source out to this service',
    class: 'attention',
    remedy:
      'Where the URL is signed, it may have expired: sign it anew and resume with ecs-image-import resume ID --set disks[0].source=URL. Else let the worker’s host read it.',
    field: 'disks[].source',
  },
  {
    code: 'Source.Busy',
    meaning: 'The web server asks to come back later',
    class: 'throttled',
    remedy: 'Nothing to do: it is tried again more slowly.',
    field: 'disks[].source',
  },
  {
    code: 'Source.Unreachable',
    meaning: 'The web server does not answer, or cuts the connection',
    class: 'transient',
    remedy: 'Nothing to do: it is tried again. Where it lasts, see the line between the worker’s host and the server.',
    field: 'disks[].source',
  },
  {
    code: 'Source.Stalled',
    meaning: 'The web server stopped sending in the middle',
    class: 'transient',
    remedy: 'Nothing to do: it is tried again. Where it lasts, see the line between the worker’s host and the server.',
    field: 'disks[].source',
  },
  {
    code: 'Source.HostUnknown',
    meaning: 'There is no host of this name',
    class: 'attention',
    remedy:
      'Check the name, and the DNS of the worker’s host; then resume, with --set disks[0].source=URL where it was wrong.',
    field: 'disks[].source',
  },
  {
    code: 'Source.NotTrusted',
    meaning: 'The web server’s certificate is not one that the worker’s host trusts',
    class: 'attention',
    remedy:
      'Give the worker the certificate authority with NODE_EXTRA_CA_CERTS=FILE and restart it, or have the server renew its certificate; then resume.',
    field: 'disks[].source',
  },
  {
    code: 'Source.HostNotAllowed',
    meaning: 'The operator does not allow images from this host',
    class: 'request',
    remedy: 'Use one of the hosts that are allowed, or have the operator add this one to ECS_IMPORT_HTTP_HOSTS.',
    field: 'disks[].source',
  },
  {
    code: 'Source.AddressNotAllowed',
    meaning: 'The host’s address is this machine, its link, or a metadata service',
    class: 'request',
    remedy:
      'Use an address of the network; where it is meant so, have the operator add it to ECS_IMPORT_HTTP_ADDRESSES (e.g. 127.0.0.1 or 169.254.10.0/24).',
    field: 'disks[].source',
  },
  {
    code: 'Source.CredentialsInUrl',
    meaning: 'The URL holds a user name or password, which would stand in every record of the import',
    class: 'request',
    remedy: 'Give a URL without them: a signed one that expires, or one that the worker’s host may read as it is.',
    field: 'disks[].source',
  },
  {
    code: 'Source.DigestMismatch',
    meaning: 'The source is not what its sha256 in the request says',
    class: 'request',
    remedy: 'Compare with sha256sum FILE at the source: get the image anew, or correct sha256 in the request.',
    field: 'disks[].sha256',
  },
  {
    code: 'Convert.NoQemuImg',
    meaning: 'The image has to be converted, and the worker’s host has no qemu-img',
    class: 'attention',
    remedy:
      'Install it on the worker’s host (apt-get install qemu-utils, dnf install qemu-img, brew install qemu), then resume; or convert the image yourself: qemu-img convert -O qcow2 -c SOURCE TARGET.qcow2.',
    field: 'disks[].source',
  },
  {
    code: 'Convert.NoUnpacker',
    meaning: 'The image is packed by a program that the worker’s host does not have',
    class: 'attention',
    remedy:
      'Install the program that the message names on the worker’s host, then resume; or unpack the image yourself.',
    field: 'disks[].source',
  },
  {
    code: 'Convert.NotWanted',
    meaning: 'ECS does not import the image as it is, and the request forbids to convert it',
    class: 'request',
    remedy:
      'Leave upload.convert out (or give "auto"), or convert the image yourself: qemu-img convert -O qcow2 -c SOURCE TARGET.qcow2 (unpack archives before that).',
    field: 'upload.convert',
  },
  {
    code: 'Convert.Failed',
    meaning: 'The image could not be converted',
    class: 'request',
    remedy:
      'The image is damaged, or not what it claims to be: compare its checksum with the source, and try qemu-img check IMAGE.',
    field: 'disks[].source',
  },
  {
    code: 'Convert.Unsafe',
    meaning: 'The image would have other files of the worker’s host opened',
    class: 'request',
    remedy:
      'Make a whole copy on the machine that has all its parts: qemu-img convert -O qcow2 -c SOURCE TARGET.qcow2.',
    field: 'disks[].source',
  },
  {
    code: 'Cache.Full',
    meaning: 'The worker’s folder for converted and downloaded images has no room for this one',
    class: 'attention',
    remedy:
      'Free space on the disk of that folder, raise ECS_IMPORT_CACHE_LIMIT, or point ECS_IMPORT_CACHE_DIR to a larger disk and restart the worker; then resume.',
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
    code: 'Upload.LeaseLost',
    meaning: 'Another worker took over the upload, or the database could not be reached to renew the lease',
    class: 'transient',
    remedy: 'Nothing to do: the upload is retried and continues with the parts that OSS already has.',
  },
  {
    code: 'Throttling.Budget',
    meaning: 'The rate budget that all workers share for this API action is used up',
    class: 'throttled',
    remedy: 'Nothing to do: the call is retried. Request a larger API quota in the Quota Center if this lasts.',
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
    code: 'Inspection.NotStarted',
    meaning: 'The process that reads the image could not be started',
    class: 'transient',
    remedy: 'Nothing to do: it is tried again. Where it lasts, free memory or process slots on the worker’s host.',
  },
  {
    code: 'Inspection.TimeLimit',
    also: ['Inspection.Crashed'],
    meaning: 'The image could not be inspected: reading it took too long, or ended the process that did',
    class: 'request',
    remedy: 'The image is damaged or made to harm: make a fresh copy with the tool of its hypervisor.',
    field: 'disks[].source',
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
    code: 'Cleanup.Unfinished',
    meaning: 'The cloud was told to end or delete something, and it is still there',
    class: 'attention',
    remedy: 'See it in the console of its region; resume to have it ended again.',
  },
  {
    code: 'Detection.Refused',
    meaning: 'The cloud’s detection found what the request does not allow',
    class: 'request',
    remedy: 'Mend the image, or import with detection.failOn set to "never" to keep it all the same.',
  },
  {
    code: 'Batch.NotFound',
    meaning: 'No batch has this id',
    class: 'request',
    remedy: 'List the batches with ecs-image-import batch list.',
  },
  {
    code: 'Batch.Unreadable',
    meaning: 'The batch file cannot be read, or items of it are invalid',
    class: 'request',
    remedy: 'Fix every line that errors[] names, then create the batch again; skipInvalid leaves invalid items out.',
  },
  {
    code: 'Batch.NotAFile',
    meaning: 'The content type of the body is not that of a batch file',
    class: 'request',
    remedy: 'Send CSV, JSON, JSON lines or YAML with its content type.',
  },
  {
    code: 'Batch.NameTaken',
    meaning: 'The name or idempotency key belongs to another batch',
    class: 'request',
    remedy: 'Use another name or a new key.',
  },
  {
    code: 'Batch.Conflict',
    meaning: 'The batch is not in a state that allows this operation',
    class: 'request',
    remedy: 'Check its state with ecs-image-import batch status ID.',
  },
  {
    code: 'Batch.CanaryFailed',
    meaning: 'An import of a canary wave failed, so the rest of the batch was not started',
    class: 'attention',
    remedy: 'Fix the cause and retry the failed imports (batch retry ID), or start the rest anyway (batch resume ID).',
  },
  {
    code: 'Batch.Wave',
    meaning: 'The next wave starts when every import of the current one has succeeded',
    class: 'transient',
    remedy: 'Nothing to do: the next wave starts by itself.',
  },
  {
    code: 'Batch.ErrorBudgetSpent',
    meaning: 'More imports failed than the error budget allows, so no new ones start',
    class: 'attention',
    remedy: 'Fix the cause, then resume the batch (its failures so far no longer count) or cancel it.',
  },
  {
    code: 'Batch.AttentionBudgetSpent',
    meaning: 'Too many imports need attention, so no new ones start',
    class: 'attention',
    remedy: 'Fix what they stopped on, then resume them: ecs-image-import resume --code CODE.',
  },
  {
    code: 'Batch.ScheduleClosed',
    meaning: 'The schedule of the batch allows no new imports now',
    class: 'transient',
    remedy: 'Nothing to do: imports start when the schedule opens. Change the schedule in the policy to start earlier.',
  },
  {
    code: 'Batch.ImageQuota',
    meaning: 'The image quota of the region is used up, so no new imports start there',
    class: 'attention',
    remedy:
      'Delete images or request a larger quota in the Quota Center, set imageQuota in the policy, then resume the imports that stopped on the quota.',
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
] as const satisfies readonly CatalogueEntry[];
