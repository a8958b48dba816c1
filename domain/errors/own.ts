/** Codes of this service for requests, imports, batches and the API; those for images are in sources.ts. */
import { type CatalogueEntry, LINKS } from './entry.js';

export const OWN = [
  {
    code: 'Account.Unknown',
    meaning: 'The account of the request is not in the configuration of the service',
    class: 'attention',
    remedy:
      'Add account {account} to ECS_IMPORT_ACCOUNTS of every worker and API process and restart them, then resume. Or cancel the import.',
    field: 'account',
  },
  {
    code: 'Account.Changed',
    meaning: 'The name of an account stands for another account than when the import began',
    class: 'attention',
    remedy:
      'Set roleArn of account {account} in ECS_IMPORT_ACCOUNTS of every worker to the role in the account in which the import began and restart them, then resume: the import continues or is cleaned up there. Give the other account a name of its own.',
    field: 'account',
  },
  {
    code: 'Account.SessionRefused',
    meaning: 'The cloud no longer accepted temporary credentials of an account that the worker had assumed',
    class: 'transient',
    remedy: 'Nothing to do: the worker assumes the role of the account again.',
    lasting: 'Check that the role of account {account} still exists and that the clock of the worker’s host is right.',
  },
  {
    code: 'Throttling.Budget',
    meaning: 'The rate budget that all workers share for this API action is used up',
    class: 'throttled',
    remedy: 'Nothing to do: the call is retried.',
    lasting: 'Request a larger API quota in the Quota Center.',
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
    code: 'Request.Timeout',
    meaning: 'The client stopped sending the body, or sent it too slowly',
    class: 'request',
    remedy: 'Check the connection to the API and send the request again. Nothing was changed.',
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
    code: 'Bucket.Archived',
    meaning: 'The bucket stores new objects in an archive class, which ECS cannot read without a restore',
    class: 'attention',
    remedy:
      'Run ecs-image-import resume {importId} --set upload.bucket=OTHER, the name of a bucket of storage class Standard or IA in {region}.',
    field: 'upload.bucket',
  },
  {
    code: 'Bucket.Retained',
    meaning: 'A retention policy of the bucket does not let the service delete the uploaded object after the import',
    class: 'attention',
    remedy:
      'Run ecs-image-import resume {importId} --set upload.bucket=OTHER, the name of a bucket in {region} without a retention policy.',
    option: {
      path: 'upload.keepObject',
      value: 'true',
      effect: 'to leave the object in the bucket, which bills it',
    },
    field: 'upload.bucket',
  },
  {
    code: 'Import.Deleted',
    meaning: 'The import ended longer ago than the record keeps imports, and was deleted',
    class: 'request',
    remedy:
      'Search for it in the exported files in ECS_IMPORT_EXPORT_DIR of the API. To start it again, send its request as a new import.',
  },
  {
    code: 'Batch.Deleted',
    meaning: 'The batch ended longer ago than the record keeps batches, and was deleted',
    class: 'request',
    remedy: 'Search for it in the exported files in ECS_IMPORT_EXPORT_DIR of the API.',
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
    remedy: 'Check its state with ecs-image-import status {importId}.',
  },
  {
    code: 'Import.WorkflowMissing',
    meaning: 'The Temporal namespace of this installation does not run the import',
    class: 'request',
    remedy:
      'Check that TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE name the server that runs the import. A stopped import whose workflow was terminated is cleaned up by a cancel.',
  },
  {
    code: 'Import.WorkflowLost',
    meaning: 'The Temporal server does not run the workflow of the import',
    class: 'attention',
    remedy:
      'Resume to check again; the import continues by itself if its workflow runs again. If the Temporal server was emptied or restored from a backup, check what ecs-image-import reconcile lists, then end these imports with reconcile --apply.',
  },
  {
    code: 'Import.OtherTemporal',
    meaning: 'The import was started on another Temporal cluster or in another namespace',
    class: 'attention',
    remedy:
      'Set TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE to the server that runs it and restart the API and the workers: the import continues by itself, or when you resume it. Only if that server no longer exists, check what ecs-image-import reconcile lists, then end these imports with reconcile --apply.',
  },
  {
    code: 'Import.Superseded',
    meaning: 'The import has ended, or another worker runs a newer attempt of this step',
    class: 'transient',
    remedy: 'Nothing to do: this attempt ends without changing anything.',
    lasting: 'Check that the clocks of the workers agree, and the worker’s log for this import.',
  },
  {
    code: 'Call.NotSent',
    meaning: 'A call that changes the cloud could not be sent while its step was confirmed to be the current one',
    class: 'transient',
    remedy: 'Nothing to do: the call is retried.',
    lasting: 'Check the network between the worker and the cloud, and the load of the worker’s host.',
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
    code: 'Distribute.ShareStalled',
    meaning: 'Resource Sharing has not added the image to the resource share within the patience',
    class: 'attention',
    remedy: 'Check the resource share at https://resourcemanager.console.aliyun.com/resource-center, then resume.',
    field: 'distribute.resourceShares',
  },
  {
    code: 'Distribute.ShareRefused',
    meaning: 'Resource Sharing could not add the image to the resource share',
    class: 'attention',
    remedy:
      'Check that the resource share exists in the region and accepts images, and its quota of resources (https://resourcemanager.console.aliyun.com/resource-center), then resume.',
    field: 'distribute.resourceShares',
  },
  {
    code: 'Distribute.NotShareable',
    meaning: 'A copy would be encrypted with the service key of ECS, and such images cannot be shared',
    class: 'request',
    remedy:
      'Set distribute.kmsKeyId.{region} to a customer master key of that region (https://kms.console.aliyun.com), or remove distribute.shareWith.',
    link: LINKS.shareImage,
    field: 'distribute.kmsKeyId',
  },
  {
    code: 'Copy.Stalled',
    meaning: 'A copy of the image has shown no progress for longer than the patience',
    class: 'attention',
    remedy: 'Check the copy in the ECS console of its region. Resume to wait again.',
    field: 'distribute.regions',
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
    code: 'Worker.Missing',
    meaning: 'No worker polls the task queue on which the import continues',
    class: 'attention',
    remedy:
      'Start a worker on the host that the message names. The import then continues without a resume; resume it only to wait for another period.',
  },
  {
    code: 'Worker.VersionMissing',
    meaning: 'The import is pinned to a version of the worker, and no worker of this version runs',
    class: 'attention',
    remedy:
      'Start a worker of the version that the message names, or move its imports to the current version with the command in the remedy (docs/versioning.md). The import then continues without a resume.',
  },
  {
    code: 'Payload.KeyMissing',
    meaning: 'A worker does not have the key with which the import is encrypted in Temporal',
    class: 'attention',
    remedy:
      'Add the key that the message names to ECS_IMPORT_PAYLOAD_KEYS of this worker; with an embedded stack, restore the file payload-keys of the data folder from the backup. The import then continues without a resume. If the key is lost, terminate the workflow (temporal workflow terminate): the import is then cleaned up.',
  },
  {
    code: 'Worker.ActivityBlocked',
    meaning: 'A step of the import has blocked several workers, and then a process of its own',
    class: 'defect',
    remedy:
      'Report it with the import id and the worker’s log, which has the place in the code. Other imports continue.',
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
    code: 'Inspection.NotFound',
    meaning: 'No inspection has this id, or it is older than 180 days',
    class: 'request',
    remedy: 'Inspect the image again with ecs-image-import inspect, or POST /v1/inspections.',
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
    code: 'Batch.Arriving',
    meaning: 'Another request is sending a batch with this name or idempotency key',
    class: 'request',
    remedy: 'Wait until that request has ended, then send the file again: the same file returns the same batch.',
  },
  {
    code: 'Batch.TooManyArriving',
    meaning: 'The API receives as many batch files as it can at the same time',
    class: 'request',
    remedy: 'Send the file again after the time in Retry-After.',
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
    remedy: 'Check its state with ecs-image-import batch status BATCH_ID.',
  },
  {
    code: 'Batch.WorkflowLost',
    meaning: 'The Temporal server does not run the workflow of the batch',
    class: 'attention',
    remedy:
      'If the Temporal server was emptied or restored from a backup, resume the batch to continue it from the database, or end it with reconcile --apply after you have checked what ecs-image-import reconcile lists. Its imports are listed separately.',
  },
  {
    code: 'Batch.OtherTemporal',
    meaning: 'The batch was started on another Temporal cluster or in another namespace',
    class: 'attention',
    remedy:
      'Set TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE to the server that runs it and restart the API and the workers: the batch continues by itself, no resume is needed. Only if that server no longer exists, check what ecs-image-import reconcile lists, then end the batch with reconcile --apply.',
  },
  {
    code: 'Batch.CanaryFailed',
    meaning: 'An import of a canary wave failed, so the rest of the batch was not started',
    class: 'attention',
    remedy:
      'Fix the cause and retry the failed imports (ecs-image-import batch retry BATCH_ID), or start the rest anyway (ecs-image-import batch resume BATCH_ID).',
  },
  {
    code: 'Batch.Wave',
    meaning: 'The next wave starts when every import of the current one has succeeded',
    class: 'transient',
    remedy: 'Nothing to do: the next wave starts by itself.',
    lasting: 'Check the imports of the current wave: ecs-image-import batch status BATCH_ID.',
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
    lasting: 'Check the schedule in the policy of the batch.',
  },
  {
    code: 'Batch.ImageQuota',
    meaning: 'The image quota of the region is used up, so no new imports start there',
    class: 'attention',
    remedy:
      'Delete images or request a larger quota in the Quota Center, set imageQuota in the policy, then resume the imports that stopped on the quota.',
  },
  {
    code: 'Batch.NoWorker',
    meaning: 'No worker runs the batch',
    class: 'attention',
    remedy: 'Start a worker. The batch then continues without a resume.',
  },
  {
    code: 'Api.Unauthorized',
    meaning: 'The request carries no valid credential',
    class: 'request',
    remedy:
      'Set ECS_IMPORT_API_TOKEN to a key of the API. The command line finds the key of an `up` of the same user by itself.',
  },
  {
    code: 'Api.TooManyStreams',
    meaning: 'The identity has as many open event streams as one may have',
    class: 'request',
    remedy:
      'Close streams that are no longer read. To follow many imports, poll GET /v1/imports?sort=-updated instead.',
  },
  {
    code: 'Api.NoSignIn',
    meaning: 'The sender has no key that a session of the page could end with',
    class: 'request',
    remedy: 'Without access control, open the page without a link. Otherwise, send a key of the API.',
  },
  {
    code: 'Api.Forbidden',
    meaning: 'The role or the scope of the identity does not allow the request',
    class: 'request',
    remedy:
      'Use an identity whose role and scope allow it, for example another API key, or change what errors[] names.',
  },
  {
    code: 'Key.NotFound',
    meaning: 'There is no API key with this prefix',
    class: 'request',
    remedy: 'List the keys with ecs-image-import keys list.',
  },
  {
    code: 'Key.Conflict',
    meaning: 'The API key was revoked, or there are too many keys',
    class: 'request',
    remedy: 'Create a new key, or revoke keys that are not used any more.',
  },
  {
    code: 'Api.CrossOrigin',
    meaning: 'A page of another origin sent a request that changes something',
    class: 'request',
    remedy:
      'Use the command line or a program. If a proxy changes the Host header, add the name of the page to ECS_IMPORT_HOST_NAMES.',
  },
  {
    code: 'Api.UnknownHost',
    meaning: 'The request names a host that is not a name of this API',
    class: 'request',
    remedy: 'Use an IP address or localhost in the URL, or add the name to ECS_IMPORT_HOST_NAMES.',
  },
  {
    code: 'Webhook.NotFound',
    meaning: 'No webhook has this id, or it belongs to another user',
    class: 'request',
    remedy: 'List the webhooks with ecs-image-import webhooks list.',
  },
  {
    code: 'Webhook.DeliveryNotFound',
    meaning: 'The webhook has no delivery with this id, or it was deleted',
    class: 'request',
    remedy: 'List its deliveries with ecs-image-import webhooks deliveries.',
  },
  {
    code: 'Webhook.TooMany',
    meaning: 'There are too many webhooks, or too many of this user',
    class: 'request',
    remedy: 'Delete a webhook with ecs-image-import webhooks delete, or send several events to one webhook.',
  },
  {
    code: 'Webhook.Disabled',
    meaning: 'The webhook is disabled, so that nothing is sent to it',
    class: 'request',
    remedy: 'Fix its target, then run ecs-image-import webhooks enable.',
  },
  {
    code: 'Api.MethodNotAllowed',
    meaning: 'The path does not support this method',
    class: 'request',
    remedy: 'Use a method in the Allow header. GET /openapi.json lists all operations.',
  },
  {
    code: 'Api.TooManyRequests',
    meaning: 'A key or an address sends too many requests, or an address has sent too many wrong credentials',
    class: 'request',
    remedy:
      'Send the request again after the seconds in Retry-After. The limits are ECS_IMPORT_RATE_PER_IDENTITY, ECS_IMPORT_RATE_PER_ADDRESS and ECS_IMPORT_WRONG_KEYS_PER_MINUTE of the API.',
  },
  {
    code: 'Api.NotFound',
    meaning: 'The API has no such path',
    class: 'request',
    remedy: 'GET /openapi.json lists all paths.',
  },
  {
    code: 'Cli.WrongUsage',
    meaning: 'The command line has an unknown, missing or contradictory option or argument',
    class: 'request',
    remedy: 'Correct the command: ecs-image-import COMMAND --help lists its options.',
  },
  {
    code: 'Cli.Unreachable',
    meaning: 'A command found no API, or it, or a server that the command needs, does not respond',
    class: 'request',
    remedy:
      'Start the service with ecs-image-import up, or name its API with --api, ECS_IMPORT_API or ecs-image-import config set api URL.',
  },
  {
    code: 'Cli.NotReady',
    meaning: 'The service responds, but cannot work now',
    class: 'request',
    remedy: 'Run ecs-image-import doctor: it shows what is missing. Then run the command again.',
  },
  {
    code: 'Cli.Failed',
    meaning: 'A command failed; detail has the reason',
    class: 'request',
    remedy: 'Fix the cause in detail, then run the command again. --debug shows where it failed.',
  },
  {
    code: 'Service.Unavailable',
    meaning: 'Temporal or PostgreSQL cannot be reached',
    class: 'transient',
    remedy:
      'Nothing to do: accepted imports continue when the server is back. ecs-image-import status (GET /readyz) shows which server is unreachable.',
    lasting: 'Start the server that ecs-image-import status reports as unreachable.',
  },
  {
    code: 'Database.DiskFull',
    meaning: 'PostgreSQL reports that its disk is full',
    class: 'transient',
    remedy: 'Nothing to do: the step is retried.',
    lasting: 'Free space on the disk of PostgreSQL (under up: the disk of the data folder).',
  },
  {
    code: 'Database.OutOfResources',
    also: ['Database.DiskError'],
    meaning: 'PostgreSQL reports that it has no memory or no connections, or that its disk has errors',
    class: 'transient',
    remedy: 'Nothing to do: the step is retried.',
    lasting: 'Check the log of PostgreSQL, its memory, max_connections and its disk.',
  },
  {
    code: 'Database.Unavailable',
    meaning:
      'PostgreSQL cannot be reached, does not answer in time, rejects the connection, or is starting or stopping',
    class: 'transient',
    remedy: 'Nothing to do: the step is retried.',
    lasting:
      'Check that PostgreSQL runs, that the host of the worker can reach it, and the DATABASE_URL of the worker.',
  },
  {
    code: 'Internal.Unexpected',
    meaning: 'An unexpected error: a defect of the service',
    class: 'transient',
    remedy: 'Nothing to do: the step is retried.',
    lasting: 'Check the worker’s log for the id of the import and fix the cause.',
  },
  {
    code: 'Internal.Defect',
    meaning: 'A defect of the service',
    class: 'defect',
    remedy: 'Report it with the import id and the worker’s log.',
  },
] as const satisfies readonly CatalogueEntry[];
