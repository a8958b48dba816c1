/** `webhooks …`: endpoints that the service notifies of the ends and stops of imports and batches. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { isObject } from '../../domain/json-value.js';
import { DELIVERY_STATES, EVENT_PATTERNS } from '../../domain/webhooks.js';
import { openApi, parse } from '../api.js';
import { print } from '../console.js';
import { printDocument, printResult } from '../document.js';
import { CommandError, EXIT } from '../exit.js';
import { type GlobalOptions, globalsOf } from '../globals.js';
import { collect, count } from '../option-values.js';
import { table } from '../table.js';

const WEBHOOKS = '/v1/webhooks';
const PAGE_DEFAULT = 50;
/** An attempt takes up to 20 s, and begins within a few seconds. */
const TEST_WITHIN_MS = 30_000;
const TEST_EVERY_MS = 500;

export function addWebhooks(program: Command): void {
  const webhooks = program
    .command('webhooks')
    .description('notify other programs of the ends and stops of imports and batches');

  webhooks
    .command('create')
    .description('create a webhook and print its secret, which is not shown again')
    .argument('<url>', 'https:// URL that receives the deliveries')
    .option('--event <event>', `one of ${EVENT_PATTERNS.join(', ')}; repeatable (default: *)`, collect)
    .option('--description <text>', 'what it is for')
    .action(async (url: string, options: { event?: readonly string[]; description?: string }, command: Command) => {
      const { event: events, description } = options;
      const body = { url, ...(events && { events }), ...(description === undefined ? {} : { description }) };
      await post(globalsOf(command), WEBHOOKS, body, (made) =>
        [
          `webhook ${text(made.id)} is created`,
          secretLines(made),
          `test it: ecs-image-import webhooks test ${text(made.id)}`,
        ].join('\n'),
      );
    });

  webhooks
    .command('list')
    .description('list the webhooks')
    .action(async (_options: object, command: Command) => {
      const globals = globalsOf(command);
      const answer = (await openApi(globals).call({ method: 'GET', path: WEBHOOKS })).text;
      if (globals.json) return printDocument(globals, answer);
      const rows = listIn(answer, 'webhooks').map((one) => [one.id, stateOf(one), eventsOf(one), one.url].map(text));
      print(rows.length === 0 ? 'there are no webhooks' : table(['id', 'state', 'events', 'url'], rows));
    });

  webhooks
    .command('delete')
    .description('delete a webhook with its deliveries')
    .argument('<id>', 'ID of the webhook')
    .action(async (id: string, _options: object, command: Command) => {
      const globals = globalsOf(command);
      await openApi(globals).call({ method: 'DELETE', path: pathOf(id) });
      printResult(globals, { id, deleted: true }, () => `webhook ${id} is deleted`);
    });

  webhooks
    .command('test')
    .description('send a test delivery and show the answer')
    .argument('<id>', 'ID of the webhook')
    .action(async (id: string, _options: object, command: Command) => test(globalsOf(command), id));

  webhooks
    .command('rotate')
    .description('create a new secret; the previous one also signs for some time')
    .argument('<id>', 'ID of the webhook')
    .option('--overlap-hours <hours>', 'how long the previous secret also signs, 0 to 168 (default: 24)', hours)
    .action(async (id: string, { overlapHours }: { readonly overlapHours?: number }, command: Command) => {
      const body = overlapHours === undefined ? {} : { overlapHours };
      await post(globalsOf(command), `${pathOf(id)}/rotate`, body, (made) => {
        const until = made.previousSecretUntil;
        return `${secretLines(made)}\nthe previous secret ${until === null ? 'no longer signs' : `also signs until ${text(until)}`}`;
      });
    });

  webhooks
    .command('enable')
    .description('enable a webhook that was disabled because its target failed')
    .argument('<id>', 'ID of the webhook')
    .action(async (id: string, _options: object, command: Command) => {
      await post(
        globalsOf(command),
        `${pathOf(id)}/enable`,
        {},
        () => `webhook ${id} is enabled. Send what it has missed: ecs-image-import webhooks redeliver ${id}`,
      );
    });

  webhooks
    .command('deliveries')
    .description('list the deliveries of a webhook, the newest first')
    .argument('<id>', 'ID of the webhook')
    .addOption(new Option('--state <state>', 'only deliveries in this state').choices(DELIVERY_STATES))
    .option('--limit <number>', `at most this number (default: ${PAGE_DEFAULT})`, count)
    .option('--cursor <cursor>', 'nextCursor of the previous page, from --json')
    .action(async (id: string, options: Readonly<Record<string, string | number | undefined>>, command: Command) => {
      const globals = globalsOf(command);
      const query = new URLSearchParams();
      for (const name of ['state', 'limit', 'cursor']) {
        const value = options[name];
        if (value !== undefined) query.set(name, String(value));
      }
      const answer = (await openApi(globals).call({ method: 'GET', path: `${pathOf(id)}/deliveries?${query}` })).text;
      if (globals.json) return printDocument(globals, answer);
      const rows = listIn(answer, 'deliveries').map((one) => deliveryRow(one).map(text));
      const head = ['delivery', 'event', 'state', 'attempts', 'created', 'next attempt', 'last result'];
      print(rows.length === 0 ? 'there are no deliveries' : table(head, rows));
    });

  webhooks
    .command('redeliver')
    .description('send a delivery again, or all dead ones')
    .argument('<id>', 'ID of the webhook')
    .argument('[delivery]', 'ID of the delivery; absent: all that are dead')
    .option('--since <time>', 'only dead deliveries that were created since, e.g. 2026-01-31T00:00:00Z')
    .action(
      async (id: string, delivery: string | undefined, { since }: { readonly since?: string }, command: Command) => {
        const body = { ...(delivery === undefined ? {} : { delivery }), ...(since === undefined ? {} : { since }) };
        await post(globalsOf(command), `${pathOf(id)}/redeliver`, body, ({ redelivered }) =>
          redelivered === 1 ? '1 delivery is sent again' : `${text(redelivered)} deliveries are sent again`,
        );
      },
    );
}

async function test(globals: GlobalOptions, id: string): Promise<void> {
  const api = openApi(globals);
  const sent = objectIn((await api.call({ method: 'POST', path: `${pathOf(id)}/test`, body: {} })).text);
  const path = `${pathOf(id)}/deliveries/${encodeURIComponent(text(sent.id))}`;
  for (const until = Date.now() + TEST_WITHIN_MS; ; ) {
    const answer = (await api.call({ method: 'GET', path, retryForMs: TEST_WITHIN_MS })).text;
    const now = objectIn(answer);
    const [attempt] = Array.isArray(now.log) ? now.log.filter(isObject) : [];
    if (attempt !== undefined && attempt.error === null) {
      print(
        globals.json
          ? answer
          : `the target accepted the delivery with status ${text(attempt.status)} in ${text(attempt.durationMs)} ms`,
      );
      return;
    }
    const reason = attempt === undefined ? 'no attempt was made: check that the API runs' : text(attempt.error);
    if (attempt !== undefined || Date.now() > until) {
      throw new CommandError(EXIT.failed, [`the test delivery to ${id} failed: ${reason}`], answer);
    }
    await sleep(TEST_EVERY_MS);
  }
}

async function post(
  globals: GlobalOptions,
  path: string,
  body: object,
  said: (answer: Readonly<Record<string, unknown>>) => string,
): Promise<void> {
  const answer = (await openApi(globals).call({ method: 'POST', path, body })).text;
  printResult(globals, answer, () => said(objectIn(answer)));
}

function secretLines({ secret }: Readonly<Record<string, unknown>>): string {
  return `secret ${text(secret)}\nstore it now: it is not shown again`;
}

function deliveryRow({ id, type, state, attempts, createdAt, nextAttemptAt, log }: Readonly<Record<string, unknown>>) {
  const [last] = Array.isArray(log) ? log.filter(isObject) : [];
  const result = last === undefined ? '' : last.error === null ? `status ${text(last.status)}` : last.error;
  return [id, type, state, attempts, createdAt, nextAttemptAt ?? '', result];
}

function stateOf({ state, disabled }: Readonly<Record<string, unknown>>): string {
  return isObject(disabled) ? `${text(state)} (${text(disabled.reason)})` : text(state);
}

function eventsOf({ events }: Readonly<Record<string, unknown>>): string {
  return Array.isArray(events) ? events.join(', ') : '';
}

function listIn(answer: string, field: string): readonly Readonly<Record<string, unknown>>[] {
  const list = objectIn(answer)[field];
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function objectIn(answer: string): Readonly<Record<string, unknown>> {
  const value = parse(answer);
  return isObject(value) ? value : {};
}

function text(value: unknown): string {
  return value === undefined ? '' : String(value);
}

function hours(value: string): number {
  const number = Number(value);
  if (/^\d{1,3}$/.test(value) && number <= 168) return number;
  throw new InvalidArgumentError('Give a whole number from 0 to 168.');
}

function pathOf(id: string): string {
  return `${WEBHOOKS}/${encodeURIComponent(id)}`;
}
