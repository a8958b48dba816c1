/** The metadata service of an ECS instance: its token and its region. Served only if the setting `instance` names a region. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { World } from './world.js';

const tokens = new Set<string>();

/** False: the request is none of the metadata service. */
export function serveMetadata(world: World, request: IncomingMessage, response: ServerResponse, path: string): boolean {
  const { instance } = world.settings;
  if (instance === null || !path.startsWith('/latest/')) return false;
  const answer = (status: number, text: string) => {
    response.writeHead(status, { 'content-type': 'text/plain' });
    response.end(text);
  };
  if (request.method === 'PUT' && path === '/latest/api/token') {
    const seconds = Number(request.headers['x-aliyun-ecs-metadata-token-ttl-seconds']);
    if (!(seconds >= 1 && seconds <= 21_600)) answer(400, 'the lifetime of the token must be 1 to 21600 seconds');
    else {
      const token = randomBytes(24).toString('base64url');
      tokens.add(token);
      answer(200, token);
    }
    return true;
  }
  const token = request.headers['x-aliyun-ecs-metadata-token'];
  const isAllowed = typeof token === 'string' ? tokens.has(token) : instance.tokenRequired !== true;
  if (!isAllowed) answer(403, 'forbidden');
  else if (path === '/latest/meta-data/region-id') answer(200, instance.regionId);
  else answer(404, 'not found');
  return true;
}
