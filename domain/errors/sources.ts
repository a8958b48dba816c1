/** Codes of this service for images: reading, inspecting, converting and uploading them. */
import { type CatalogueEntry, LINKS } from './entry.js';

export const SOURCES = [
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
      'Set the source to the path of one disk image. Copy a device to a file first: qemu-img convert -O qcow2 {source} {target}.',
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
      'Allow the worker’s user to read the file and to enter its directories (chmod a+r {source}), and check the disk for errors.',
    field: 'disks[].source',
  },
  {
    code: 'Source.OutsideRoots',
    meaning: 'The source is outside the directories that imports may read',
    class: 'request',
    remedy:
      'Move the image into one of them. For another folder, restart `up` with --images DIR, or ask the operator of the worker to add it to ECS_IMPORT_FILE_ROOTS.',
    field: 'disks[].source',
  },
  {
    code: 'Source.TooLarge',
    meaning: 'The source exceeds the maximum size of an OSS object',
    class: 'request',
    remedy: 'Compress it: qemu-img convert -O qcow2 -c {source} {target}.',
    field: 'disks[].source',
  },
  {
    code: 'Source.NotOnlyDisk',
    meaning: 'The object in OSS has other bytes than those of its disk, or ends within a sector, and ECS rejects it',
    class: 'request',
    remedy:
      'Import the file that was uploaded (file: or https:): the import leaves the other bytes out and completes the sector. Or do so yourself (truncate -s BYTES {source}, a multiple of 512), upload the file again and import the new object. To let the cloud decide, set inspection.failOn to "never" (--force).',
    field: 'disks[].source',
  },
  {
    code: 'Source.Changed',
    meaning: 'The source changed while it was read',
    class: 'request',
    remedy:
      'Stop the program that writes to it (shut the VM down, or copy a snapshot), or use the URL of a version that does not change; then start a new import.',
    field: 'disks[].source',
  },
  {
    code: 'Source.NotSupported',
    meaning: 'Sources of this kind are not supported',
    class: 'request',
    remedy:
      'Download the image to the worker’s disk and use its path, or upload it to the bucket and use oss://{bucket}/KEY.',
    field: 'disks[].source',
  },
  {
    code: 'Source.NotThere',
    meaning: 'The web server has no resource at this URL',
    class: 'request',
    remedy: 'Check the URL with curl -I {url} on the worker’s host.',
    field: 'disks[].source',
  },
  {
    code: 'Source.Forbidden',
    meaning: 'The web server denies access to the source',
    class: 'attention',
    remedy:
      'If the URL is signed, it may have expired: sign it again and resume with ecs-image-import resume {importId} --set {disk}.source=NEW_URL. Otherwise allow the worker’s host to read it, or name a credential of the worker with --set {disk}.credential=OTHER_CREDENTIAL, then resume.',
    field: 'disks[].source',
    repairedIn: 'preflight',
  },
  {
    code: 'Source.Busy',
    meaning: 'The web server limits the request rate',
    class: 'throttled',
    remedy: 'Nothing to do: the request is retried more slowly.',
    lasting: 'Download the image to the worker’s disk, or ask the operator of the server for a higher limit.',
    field: 'disks[].source',
  },
  {
    code: 'Source.StatusChanged',
    meaning: 'The change time of the file differs, and no digest is known that proves that its bytes are the same',
    class: 'transient',
    remedy: 'Nothing to do: the file is inspected again, and its upload starts again.',
    lasting:
      'Stop what changes the permissions, the owner or the links of the file, or set {disk}.sha256: the digest then proves that its bytes are the same.',
    field: 'disks[].source',
  },
  {
    code: 'Source.Unreachable',
    meaning: 'The web server does not respond, or closes the connection',
    class: 'transient',
    remedy: 'Nothing to do: the request is retried.',
    lasting: 'Check the network between the worker’s host and the server.',
    field: 'disks[].source',
  },
  {
    code: 'Source.Stalled',
    meaning: 'The web server stopped sending during the transfer',
    class: 'transient',
    remedy: 'Nothing to do: the request is retried.',
    lasting: 'Check the network between the worker’s host and the server.',
    field: 'disks[].source',
  },
  {
    code: 'Source.TooSlow',
    meaning: 'The web server sends less than the minimum rate',
    class: 'attention',
    remedy:
      'Check the server and the network between it and the worker’s host, then resume; or download the image to the worker’s disk and resume with ecs-image-import resume {importId} --set {disk}.source=file:///PATH.',
    field: 'disks[].source',
    repairedIn: 'preflight',
  },
  {
    code: 'Source.RedirectLoop',
    meaning: 'The web server redirects the source in a loop, or too often',
    class: 'request',
    remedy:
      'Use the URL of the image itself: curl -sIL URL shows every redirect. Or correct the redirects on the server.',
    field: 'disks[].source',
  },
  {
    code: 'Source.RedirectRefused',
    meaning: 'The web server redirects the source to an address that is not secure or not valid',
    class: 'request',
    remedy: 'Use the https URL of the image itself: curl -sIL URL shows every redirect.',
    field: 'disks[].source',
  },
  {
    code: 'Source.Refused',
    meaning: 'The web server rejects the request for the source',
    class: 'request',
    remedy: 'Check the URL: curl -sI URL shows the response. Sign a signed URL again with GET as its method.',
    field: 'disks[].source',
  },
  {
    code: 'Source.ProxyRefused',
    meaning: 'The proxy of the worker’s host rejects the connection to the web server',
    class: 'attention',
    remedy:
      'Check the user name and password in HTTPS_PROXY and HTTP_PROXY, and that the proxy allows this host; or add the host to NO_PROXY. Restart the worker, then resume.',
    field: 'disks[].source',
  },
  {
    code: 'Source.HostUnknown',
    meaning: 'The host name cannot be resolved',
    class: 'attention',
    remedy:
      'Check the name and the DNS of the worker’s host; then resume, with --set {disk}.source=NEW_URL to correct the URL.',
    field: 'disks[].source',
    repairedIn: 'preflight',
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
    meaning: 'The address of the host is in a private network, of the worker’s host itself, or a metadata service',
    class: 'request',
    remedy:
      'Use a public address. To allow this one, ask the operator to add it to ECS_IMPORT_HTTP_ADDRESSES (e.g. 10.1.2.3 or 10.0.0.0/8).',
    field: 'disks[].source',
  },
  {
    code: 'Source.CredentialsInUrl',
    meaning: 'The URL contains a user name or password, which every record of the import would show',
    class: 'request',
    remedy:
      'Use a URL without them, and name a credential of the worker (disks[].credential); or use a signed URL that expires.',
    field: 'disks[].source',
  },
  {
    code: 'Source.UrlUnreadable',
    meaning: 'The encrypted query of the URL cannot be decrypted',
    class: 'attention',
    remedy:
      'Add the key that the message names to the payload keys of the worker (restore it from the backup), then resume; or give the URL again with ecs-image-import resume {importId} --set {disk}.source=NEW_URL.',
    field: 'disks[].source',
    repairedIn: 'preflight',
  },
  {
    code: 'Source.CredentialUnknown',
    meaning: 'The worker’s configuration has no credential with the name in the request',
    class: 'attention',
    remedy:
      'Ask the operator to add it to the file in ECS_IMPORT_CREDENTIALS_FILE, which is read again without a restart, then resume. To use another one, resume with ecs-image-import resume {importId} --set {disk}.credential=OTHER_CREDENTIAL.',
    field: 'disks[].credential',
    repairedIn: 'preflight',
  },
  {
    code: 'Source.CredentialNotForHost',
    meaning: 'The credential must not be sent to the server of the source, or not without TLS',
    class: 'attention',
    remedy:
      'Ask the operator to add the host to “hosts” of the credential (or set “allowHttp”), then resume. To use another URL or credential, resume with ecs-image-import resume {importId} --set {disk}.source=NEW_URL or {disk}.credential=OTHER_CREDENTIAL.',
    field: 'disks[].credential',
    repairedIn: 'preflight',
  },
  {
    code: 'Source.CredentialUnreadable',
    meaning: 'The worker cannot read its credentials, or the value of this one',
    class: 'attention',
    remedy:
      'Correct what the message names on the worker’s host: the file in ECS_IMPORT_CREDENTIALS_FILE, or the file, variable or command of the credential. Then resume.',
    field: 'disks[].credential',
    repairedIn: 'preflight',
  },
  {
    code: 'Source.DigestMismatch',
    meaning: 'The SHA-256 of the source differs from sha256 in the request',
    class: 'request',
    remedy: 'Run sha256sum on the file at its origin. Download the image again, or correct {disk}.sha256.',
    field: 'disks[].sha256',
  },
  {
    code: 'Convert.NoQemuImg',
    meaning: 'The image must be converted, and qemu-img is not installed on the worker’s host',
    class: 'attention',
    remedy:
      'Install it on the worker’s host (apt-get install qemu-utils, dnf install qemu-img, brew install qemu), then resume; or convert the image yourself: qemu-img convert -O qcow2 -c {source} {target}.',
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
      'Remove upload.convert (or set it to "auto"), or convert the image yourself: qemu-img convert -O qcow2 -c {source} {target}. Unpack archives first.',
    field: 'upload.convert',
  },
  {
    code: 'Convert.Failed',
    meaning: 'The image could not be converted',
    class: 'request',
    remedy:
      'The image is damaged, or not of the stated format: compare its checksum with the origin, and check it: gzip -t, xz -t or zstd -t for a compressed file, else qemu-img check {source}.',
    field: 'disks[].source',
  },
  {
    code: 'Convert.CompressedTwice',
    meaning: 'The image is compressed twice, and only one compression is removed',
    class: 'request',
    remedy:
      'Remove the outer compression (gunzip, xz -d or zstd -d), and import the file that results, which is still compressed once.',
    field: 'disks[].source',
  },
  {
    code: 'Convert.Unsafe',
    meaning: 'The image refers to other files of the worker’s host',
    class: 'request',
    remedy:
      'Create a standalone copy on the machine that has all its parts: qemu-img convert -O qcow2 -c {source} {target}.',
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
    code: 'Host.ProcessStalled',
    meaning:
      'A program of the import used no processor time for five minutes: it was stopped, or its disk does not answer',
    class: 'transient',
    remedy: 'Nothing to do: the program was ended, and the step starts it again.',
    lasting:
      'Check on the worker’s host whether the disks and network file systems of the image and of ECS_IMPORT_CACHE_DIR answer (dmesg, iostat), and that no program sends SIGSTOP, then resume.',
  },
  {
    code: 'Host.TooSlow',
    meaning:
      'A program of the import was not finished in time, because it got too little processor time or its disk answers too slowly',
    class: 'transient',
    remedy: 'Nothing to do: the step is repeated. The message names what was slow.',
    lasting:
      'Lower the number of concurrent imports, or add processors to the worker’s host; check that the disk of the image answers (iostat); then resume.',
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
    remedy: 'Nothing to do: the part is sent again.',
    lasting: 'Check the network between this host and the region.',
    outcomeUnknown: true,
  },
  {
    code: 'Upload.EndpointUnreachable',
    meaning: 'The internal endpoint of OSS cannot be reached from the worker',
    class: 'attention',
    remedy:
      'Run the worker on an ECS instance in {region}, or connect its network with the VPC there and check routes and security groups; then resume.',
    option: { path: 'upload.endpoint', value: 'public', effect: 'to use the public endpoint' },
    field: 'upload.endpoint',
  },
  {
    code: 'Upload.AccelerationNotEnabled',
    meaning: 'The request chooses the accelerate endpoint, but transfer acceleration of the bucket is not enabled',
    class: 'attention',
    remedy:
      'Enable it (ossutil api put-bucket-transfer-acceleration --bucket {bucket} --transfer-acceleration-configuration \'{"Enabled":"true"}\'), wait up to 30 minutes, then resume.',
    option: { path: 'upload.endpoint', value: 'auto', effect: 'to use another endpoint' },
    link: 'https://www.alibabacloud.com/help/en/oss/developer-reference/putbuckettransferacceleration',
    field: 'upload.endpoint',
  },
  {
    code: 'Upload.DomainNotBound',
    meaning: 'The custom domain that the operator configured is bound to no bucket of this name',
    class: 'attention',
    remedy:
      'Bind the domain to bucket {bucket} (https://oss.console.aliyun.com/bucket), or correct OSS_BUCKET_ENDPOINTS or OSS_REGION_ENDPOINTS of the worker and restart it; then resume. If the bucket does not exist, create it with ossutil mb oss://{bucket} --region {region}.',
    option: { path: 'upload.endpoint', value: 'public', effect: 'to use the public endpoint' },
    link: `${LINKS.ossHelp}/access-buckets-via-custom-domain-names`,
    field: 'upload.endpoint',
  },
  {
    code: 'CloudBox.NoEndpoint',
    meaning:
      'Disks of an import with storageLocationArn are in the OSS of the CloudBox, whose endpoint is not configured',
    class: 'attention',
    remedy:
      'Set OSS_CLOUDBOX_ENDPOINTS={cloudBox}=https://{cloudBox}.{region}.oss-cloudbox.aliyuncs.com for a worker in a VPC of the CloudBox and restart it, then resume. Or upload the disks to a bucket of the CloudBox yourself and run ecs-image-import resume {importId} --set {disk}.source=oss://{bucket}/KEY.',
    link: 'https://www.alibabacloud.com/help/en/oss/user-guide/oss-on-cloudbox',
    field: 'storageLocationArn',
  },
  {
    code: 'Upload.ChecksumMismatch',
    meaning: 'The CRC-64 of the object in OSS differs from that of the bytes read',
    class: 'transient',
    remedy: 'Nothing to do: the upload is repeated.',
    lasting: 'Test the memory of this host and the proxies between it and OSS.',
  },
  {
    code: 'Upload.LeaseLost',
    meaning: 'Another worker took over the upload, or the database could not be reached to renew the lease',
    class: 'transient',
    remedy: 'Nothing to do: the upload is retried and continues with the parts that OSS already has.',
    lasting: 'Check the database, the clocks of the workers and the worker’s log.',
  },
  {
    code: 'Inspection.NotStarted',
    meaning: 'The inspection process could not be started',
    class: 'transient',
    remedy: 'Nothing to do: the inspection is retried.',
    lasting: 'Free memory or process slots on the worker’s host.',
  },
  {
    code: 'Inspection.TimeLimit',
    also: ['Inspection.Crashed'],
    meaning: 'The image could not be inspected: the inspection process needed too much processor time or crashed',
    class: 'request',
    remedy:
      'The image takes too much work to read, as damaged and malicious images do: create a new copy with the tool of its hypervisor.',
    field: 'disks[].source',
  },
] as const satisfies readonly CatalogueEntry[];
