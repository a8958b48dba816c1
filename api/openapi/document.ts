/** Generates the OpenAPI document from the routes and their schemas. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import { packageRoot } from '../../store/package-root.js';
import { commonAnswers } from './common-answers.js';
import { componentSchemas } from './component-schemas.js';
import { describeOperation } from './operation.js';
import { SECURITY_SCHEMES } from './security.js';

/** In the order of the document. Each route has one of them. */
const TAGS = [
  { name: 'Imports', description: 'Start, follow and control imports' },
  { name: 'Batches', description: 'Many imports with one policy' },
  { name: 'Inspections', description: 'Read an image without importing it' },
  { name: 'Access', description: 'API keys, and the audit log' },
  { name: 'Webhooks', description: 'Notify other programs of the ends and stops of imports and batches' },
  { name: 'Retention', description: 'Legal holds: what must not be deleted' },
  { name: 'Maintenance', description: 'Resources and records that no running import owns' },
  { name: 'Sign-in', description: 'Sessions of the page' },
  { name: 'Service', description: 'State of the service and its interface' },
] as const;

const DESCRIPTION = `Imports disk images as custom images into Alibaba Cloud ECS.

Errors are problem details (RFC 9457): \`code\` is for programs, \`detail\` says what happened, \`remedy\` what to do, and \`errors\` lists
every invalid field. Unknown fields and query parameters are rejected. An empty query value counts as absent, and \`null\` in a request
of an import as an absent field. Answers may get more fields: ignore those that you do not know.`;

export function openApiDocument(app: OpenAPIHono): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const definition of app.openAPIRegistry.definitions) {
    if (definition.type !== 'route') continue;
    const { route } = definition;
    const at = paths[route.path] ?? {};
    at[route.method] = describeOperation(route);
    paths[route.path] = at;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'ecs-image-import',
      version: packageVersion(),
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      contact: { name: 'The maintainers of ecs-image-import' },
    },
    servers: [{ url: '/', description: 'The server that this document comes from' }],
    tags: TAGS,
    security: SECURITY_SCHEMES.map(({ requirement }) => requirement),
    paths,
    components: {
      schemas: componentSchemas(),
      responses: commonAnswers(),
      securitySchemes: Object.assign({}, ...SECURITY_SCHEMES.map(({ schemes }) => schemes)),
    },
  };
}

function packageVersion(): string {
  const text = readFileSync(path.join(packageRoot(), 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
