/** A route as `createRoute` makes it. */
import type { OpenAPIHono } from '@hono/zod-openapi';

type Definition = OpenAPIHono['openAPIRegistry']['definitions'][number];
export type Route = Extract<Definition, { readonly type: 'route' }>['route'];
