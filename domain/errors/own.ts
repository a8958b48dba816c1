/** Codes of this service: errors that it finds itself, before or beside the cloud. */
import type { CatalogueEntry } from './entry.js';

export const OWN = [
  {
    code: 'Source.NotFound',
    meaning: 'The source does not exist on the worker’s host',
    class: 'request',
    remedy: 'Check the path: the worker’s host reads it.',
    field: 'disks[].source',
  },
  {
    code: 'Source.NotAFile',
    meaning: 'The source is a directory, device, pipe or socket',
    class: 'request',
    remedy:
      'Set the source to the path of one disk image. Copy a device to a file first: qemu-img convert -O qcow2 /dev/DEVICE TARGET.qcow2.',
    field: 'disks[].source',
  },
  {
    code: 'Source.Empty',
    meaning: 'The source is empty',
    class: 'request',
    remedy: 'Copy or export the image again.',
    field: 'disks[].source',
  },
  {
    code: 'Source.Unreadable',
    meaning: 'The worker cannot read the source',
    class: 'request',
    remedy:
      'Allow the worker’s user to read the file and to enter its directories (chmod a+r FILE), and check the disk for errors.',
    field: 'disks[].source',
  },
  {
    code: 'Source.OutsideRoots',
    meaning: 'The source is outside the directories that imports may read',
    class: 'request',
    remedy: 'Move the image into one of them, or ask the operator to add its directory to ECS_IMPORT_FILE_ROOTS.',
    field: 'disks[].source',
  },
  {
    code: 'Source.TooLarge',
    meaning: 'The source exceeds the maximum size of an OSS object',
    class: 'request',
    remedy: 'Compress it: qemu-img convert -O qcow2 -c SOURCE TARGET.qcow2.',
    field: 'disks[].source',
  },
  {
    code: 'Source.Changed',
    meaning: 'The source changed while it was read',
    class: 'request',
    remedy: 'Stop the program that writes to it (shut the VM down, or copy a snapshot), then start a new import.',
    field: 'disks[].source',
  },
  {
    code: 'Source.NotSupported',
    meaning: 'Sources of this kind are not supported',
    class: 'request',
    remedy:
      'Download the image to the worker’s disk and use its path, or upload it to the bucket and use oss://BUCKET/KEY.',
    field: 'disks[].source',
  },
  {
    code: 'Source.NotThere',
    meaning: 'The web server has no resource at this URL',
    class: 'request',
    remedy: 'Check the URL with curl -I URL on the worker’s host.',
    field: 'disks[].source',
  },
  {
    code: 'Source.Forbidden',
    meaning: 'The web server denies access to the source',
    class: 'attention',
    remedy:
      'If the URL is signed, it may have expired: sign it again and resume with ecs-image-import resume ID --set disks[0].source=URL. Otherwise allow the worker’s host to read it, then resume.',
    field: 'disks[].source',
  },
  {
    code: 'Source.Busy',
    meaning: 'The web server limits the request rate',
    class: 'throttled',
    remedy: 'Nothing to do: the request is retried more slowly.',
    field: 'disks[].source',
  },
  {
    code: 'Source.Unreachable',
    meaning: 'The web server does not respond, or closes the connection',
    class: 'transient',
    remedy:
      'Nothing to do: the request is retried. If this lasts, check the network between the worker’s host and the server.',
    field: 'disks[].source',
  },
  {
    code: 'Source.Stalled',
    meaning: 'The web server stopped sending during the transfer',
    class: 'transient',
    remedy:
      'Nothing to do: the request is retried. If this lasts, check the network between the worker’s host and the server.',
    field: 'disks[].source',
  },
  {
    code: 'Source.HostUnknown',
    meaning: 'The host name cannot be resolved',
    class: 'attention',
    remedy:
      'Check the name and the DNS of the worker’s host; then resume, with --set disks[0].source=URL to correct the URL.',
    field: 'disks[].source',
  },
  {
    code: 'Source.NotTrusted',
    meaning: 'The worker’s host does not trust the certificate of the web server',
    class: 'attention',
    remedy:
      'Pass the certificate authority to the worker with NODE_EXTRA_CA_CERTS=FILE and restart the worker, or renew the server’s certificate; then resume.',
    field: 'disks[].source',
  },
  {
    code: 'Source.HostNotAllowed',
    meaning: 'The operator does not allow sources from this host',
    class: 'request',
    remedy: 'Use one of the allowed hosts, or ask the operator to add this one to ECS_IMPORT_HTTP_HOSTS.',
    field: 'disks[].source',
  },
  {
    code: 'Source.AddressNotAllowed',
    meaning: 'The address of the host is loopback, link-local, or a metadata service',
    class: 'request',
    remedy:
      'Use an address of the network. To allow this one, ask the operator to add it to ECS_IMPORT_HTTP_ADDRESSES (e.g. 127.0.0.1 or 169.254.10.0/24).',
    field: 'disks[].source',
  },
  {
    code: 'Source.CredentialsInUrl',
    meaning: 'The URL contains a user name or password, which every record of the import would show',
    class: 'request',
    remedy:
      'Use a URL without them: a signed URL that expires, or one that the worker’s host may read without credentials.',
    field: 'disks[].source',
  },
  {
    code: 'Source.DigestMismatch',
    meaning: 'The SHA-256 of the source differs from sha256 in the request',
    class: 'request',
    remedy: 'Run sha256sum FILE at the origin. Download the image again, or correct sha256 in the request.',
    field: 'disks[].sha256',
  },
  {
    code: 'Convert.NoQemuImg',
    meaning: 'The image must be converted, and qemu-img is not installed on the worker’s host',
    class: 'attention',
    remedy:
      'Install it on the worker’s host (apt-get install qemu-utils, dnf install qemu-img, brew install qemu), then resume; or convert the image yourself: qemu-img convert -O qcow2 -c SOURCE TARGET.qcow2.',
    field: 'disks[].source',
  },
  {
    code: 'Convert.NoUnpacker',
    meaning: 'The image is compressed, and the program that decompresses it is not installed on the worker’s host',
    class: 'attention',
    remedy:
      'Install the program that the message names on the worker’s host, then resume; or decompress the image yourself.',
    field: 'disks[].source',
  },
  {
    code: 'Convert.NotWanted',
    meaning: 'ECS cannot import the image as it is, and the request does not allow a conversion',
    class: 'request',
    remedy:
      'Remove upload.convert (or set it to "auto"), or convert the image yourself: qemu-img convert -O qcow2 -c SOURCE TARGET.qcow2. Unpack archives first.',
    field: 'upload.convert',
  },
  {
    code: 'Convert.Failed',
    meaning: 'The image could not be converted',
    class: 'request',
    remedy:
      'The image is damaged, or not of the stated format: compare its checksum with the origin, and run qemu-img check IMAGE.',
    field: 'disks[].source',
  },
  {
    code: 'Convert.Unsafe',
    meaning: 'The image refers to other files of the worker’s host',
    class: 'request',
    remedy:
      'Create a standalone copy on the machine that has all its parts: qemu-img convert -O qcow2 -c SOURCE TARGET.qcow2.',
    field: 'disks[].source',
  },
  {
    code: 'Cache.Full',
    meaning: 'The worker’s scratch cache has no room for this image',
    class: 'attention',
    remedy:
      'Free space on its disk, raise ECS_IMPORT_CACHE_LIMIT, or set ECS_IMPORT_CACHE_DIR to a larger disk and restart the worker; then resume.',
  },
  {
    code: 'Host.DiskFull',
    meaning: 'The disk of the worker’s host, or the quota of its user, is full',
    class: 'attention',
    remedy:
      'Free space on the disk of ECS_IMPORT_CACHE_DIR, or set it to a larger disk and restart the worker; then resume.',
  },
  {
    code: 'Host.DiskError',
    meaning: 'A disk of the worker’s host reports read or write errors',
    class: 'attention',
    remedy:
      'Check the disk that the message names (dmesg, smartctl) and that it is not mounted read-only, then resume.',
  },
  {
    code: 'Host.OutOfMemory',
    meaning: 'A program on the worker’s host got no memory',
    class: 'attention',
    remedy:
      'Free memory on the worker’s host, or lower the number of concurrent imports, then resume. If it fails again with free memory, the image is damaged: create a new copy.',
  },
  {
    code: 'Host.ProcessLimit',
    meaning: 'The worker’s host cannot open more files or start more processes',
    class: 'attention',
    remedy: 'Raise the limits of the worker’s user (ulimit -n, ulimit -u), then resume.',
  },
  {
    code: 'Host.ProcessKilled',
    meaning: 'Another program, or the kernel because memory ran out, killed a process of the import',
    class: 'attention',
    remedy: 'Check the kernel’s log for "Out of memory" (dmesg), free memory on the worker’s host, then resume.',
  },
  {
    code: 'Host.ProgramMissing',
    meaning: 'A program that the import needs is not installed on the worker’s host, or cannot be executed',
    class: 'attention',
    remedy: 'Install the program that the message names on the worker’s host, then resume.',
  },
  {
    code: 'Upload.Stalled',
    meaning: 'The upload made no progress and was cut',
    class: 'transient',
    remedy: 'Nothing to do: the part is sent again. If this lasts, check the network between this host and the region.',
    outcomeUnknown: true,
  },
  {
    code: 'Upload.ChecksumMismatch',
    meaning: 'The CRC-64 of the object in OSS differs from that of the bytes read',
    class: 'transient',
    remedy:
      'Nothing to do: the upload is repeated. If this lasts, test the memory of this host and the proxies between it and OSS.',
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
    meaning: 'The request is not valid',
    class: 'request',
    remedy: 'Fix every field that errors[] names and send the request again.',
  },
  {
    code: 'Request.Malformed',
    meaning: 'The body is not JSON',
    class: 'request',
    remedy: 'Send one JSON object.',
  },
  {
    code: 'Request.NotJson',
    meaning: 'The content type of the body is not JSON',
    class: 'request',
    remedy: 'Send Content-Type: application/json.',
  },
  {
    code: 'Request.TooLarge',
    meaning: 'The body exceeds the size limit',
    class: 'request',
    remedy: 'Send many imports as a batch instead.',
  },
  {
    code: 'Request.IdempotencyKeyReused',
    meaning: 'The idempotency key was used for another request',
    class: 'request',
    remedy: 'Use a new key for a new request.',
  },
  {
    code: 'Request.ContradictsImage',
    meaning: 'The request contradicts the image',
    class: 'request',
    remedy: 'Remove the field to take its value from the image.',
  },
  {
    code: 'Inspection.NotStarted',
    meaning: 'The inspection process could not be started',
    class: 'transient',
    remedy:
      'Nothing to do: the inspection is retried. If this lasts, free memory or process slots on the worker’s host.',
  },
  {
    code: 'Inspection.TimeLimit',
    also: ['Inspection.Crashed'],
    meaning: 'The image could not be inspected: the inspection process took too long or crashed',
    class: 'request',
    remedy: 'The image is damaged or malicious: create a new copy with the tool of its hypervisor.',
    field: 'disks[].source',
  },
  {
    code: 'Import.NotFound',
    meaning: 'No import has this id',
    class: 'request',
    remedy: 'List the imports with ecs-image-import list.',
  },
  {
    code: 'Import.Conflict',
    meaning: 'The state of the import does not allow this operation',
    class: 'request',
    remedy: 'Check its state with ecs-image-import status ID.',
  },
  {
    code: 'Import.WorkflowMissing',
    meaning: 'The Temporal namespace of this installation does not run the import',
    class: 'request',
    remedy:
      'Check that TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE name the server that runs the import. A stopped import whose workflow was terminated is cleaned up by a cancel.',
  },
  {
    code: 'Import.ImageGone',
    meaning: 'The image and its import task no longer exist in the region',
    class: 'request',
    remedy:
      'Another client cancelled the task or deleted the image: check who at https://actiontrail.console.aliyun.com, then start a new import.',
  },
  {
    code: 'Import.ImageUnavailable',
    meaning: 'The import task is finished, but the image is not available',
    class: 'attention',
    remedy:
      'Check the image in the ECS console of its region. Resume to wait for it again, or cancel the import to have it removed.',
  },
  {
    code: 'Import.Stalled',
    meaning: 'The image or its import task has shown no progress for longer than the patience',
    class: 'attention',
    remedy:
      'Check the task and the image in the ECS console of the region. Resume to wait again, or cancel the import to have them removed.',
  },
  {
    code: 'Copy.Stalled',
    meaning: 'A copy of the image has shown no progress for longer than the patience',
    class: 'attention',
    remedy: 'Check the copy in the ECS console of its region. Resume to wait again.',
    field: 'distribute.regions',
  },
  {
    code: 'Detection.Stalled',
    meaning:
      'The cloud’s detection has shown no progress for longer than the patience, or reports nothing of this image',
    class: 'attention',
    remedy:
      'Some operating systems are not checked. Resume to wait again, or resume with --set detection.wait=false to continue without the result.',
    field: 'detection.wait',
  },
  {
    code: 'Copy.Failed',
    meaning: 'A copy of the image failed or no longer exists',
    class: 'attention',
    remedy: 'Resume to create the copy again.',
    field: 'distribute.regions',
  },
  {
    code: 'Import.AmbiguousImage',
    meaning: 'Several images carry the tag of this import',
    class: 'attention',
    remedy: 'Delete or untag all but the one to keep, then resume.',
  },
  {
    code: 'Cleanup.Unfinished',
    meaning: 'A resource was cancelled or deleted and still exists',
    class: 'attention',
    remedy: 'Check it in the console of its region; resume to remove it again.',
  },
  {
    code: 'Detection.Refused',
    meaning: 'The cloud’s detection found problems that the request does not accept',
    class: 'request',
    remedy: 'Fix the image, or import with detection.failOn set to "never" to accept it.',
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
    meaning: 'The API token is missing or wrong',
    class: 'request',
    remedy: 'Set ECS_IMPORT_API_TOKEN to the token of the API.',
  },
  {
    code: 'Api.NotFound',
    meaning: 'The API has no such path',
    class: 'request',
    remedy: 'GET /openapi.json lists all paths.',
  },
  {
    code: 'Service.Unavailable',
    meaning: 'Temporal or PostgreSQL cannot be reached',
    class: 'transient',
    remedy:
      'Nothing to do: accepted imports continue when the server is back. GET /readyz shows which server is unreachable.',
  },
  {
    code: 'Internal.Unexpected',
    meaning: 'An unexpected error: a defect of the service, or its database is unreachable',
    class: 'transient',
    remedy:
      'Nothing to do: the step is retried. If the import stops, check the worker’s log for its id, fix the cause and resume.',
  },
  {
    code: 'Internal.Defect',
    meaning: 'A defect of the service',
    class: 'defect',
    remedy: 'Report it with the import id and the worker’s log.',
  },
] as const satisfies readonly CatalogueEntry[];
