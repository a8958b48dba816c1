/** The body of a request as JSON, or the problem that says why it is none. */
import type { Context } from 'hono';
import { problem } from './problems.js';

export async function readJson(context: Context, whenEmpty?: unknown): Promise<unknown> {
  const text = await context.req.text();
  if (text === '' && whenEmpty !== undefined) return whenEmpty;
  // Also what keeps a page in a browser from posting here: it cannot send this type without asking first.
  if (!(context.req.header('content-type') ?? '').includes('json')) {
    throw problem('notJson', 'the content type is not application/json', 'Send Content-Type: application/json.');
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw problem('malformedBody', error instanceof Error ? error.message : 'not JSON', 'Send one JSON object.');
  }
}
