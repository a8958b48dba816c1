/** OSS: endpoints, buckets, versions, retention. */
import type { Assumption } from './entry.js';

export const BUCKETS = [
  {
    id: 'public-endpoint-read',
    assumed:
      'Where an account may not transfer objects at the public endpoint, a GET of a key that does not exist already answers 400 PublicEndpointForbidden. A 404 NoSuchKey shows that transfers are allowed.',
    source: 'Help page “PublicEndpointForbidden”; it shows the error for uploads only.',
    checkedBy: 'doctor',
    steps: ['ossutil cat oss://BUCKET/ecs-image-import/no-such-object --region REGION'],
    otherwise:
      'Preflight and doctor do not find the restriction. The first call of the upload answers PublicEndpointForbidden, and the import stops in attention with the same remedy.',
  },
  {
    id: 'delete-unknown-object',
    assumed:
      'DeleteObject of a key that does not exist succeeds in a bucket without versioning and leaves nothing behind.',
    source: 'Help page “DeleteObject”.',
    checkedBy: 'doctor',
    steps: ['ossutil rm oss://BUCKET/ecs-image-import/no-such-object --region REGION -f'],
    otherwise: 'A code NoSuchKey counts as success. Another code stops the cleanup in attention.',
  },
] as const satisfies readonly Assumption[];
