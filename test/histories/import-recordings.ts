/** The imports whose histories are kept. */
import type { Client } from '@temporalio/client';
import { importWorkflowId } from '../../domain/ids.js';
import type { ImportView, State } from '../../domain/import.js';
import { BUCKET, type Service } from '../support/e2e/service.js';
import { resetToStart } from './reset-workflow.js';

export interface Recording {
  readonly name: string;
  readonly request?: Record<string, unknown>;
  /** Brings the import to where its history is kept. */
  readonly bringThere: (service: Service, id: string, client: Client) => Promise<unknown>;
  /** Runs when the import has ended. */
  readonly after?: (client: Client, id: string) => Promise<unknown>;
  /** The history of the first run is kept, which continued as new; else of the last. */
  readonly run?: 'first';
}

/** More than the number after which an import continues as new. */
const RESUMES_IN_VAIN = 60;
/** How long a failing call is retried here before attention; stands for the hour of a real service. */
export const HOUR_MS = 1_000;
const HOURS_OF_OUTAGE = 24;

const until =
  (...states: State[]) =>
  (service: Service, id: string) =>
    service.untilState(id, ...states);
const post = (service: Service, id: string, what: string, body = {}) =>
  service.request('POST', `/v1/imports/${id}/${what}`, body);

/** It stops for the role, and is resumed. */
const untilRoleIsMade = (end: State) => async (service: Service, id: string) => {
  await service.untilState(id, 'attention');
  await post(service, id, 'resume', { set: { role: 'ensure' } });
  await service.untilState(id, end);
};

export const RECORDINGS: readonly Recording[] = [
  { name: 'sealed', bringThere: until('succeeded') },
  { name: 'succeeded', bringThere: until('succeeded') },
  // Runs the role and the detection in the activities before them.
  { name: 'fewer-activities', bringThere: until('succeeded') },
  {
    // They fail there, and run as activities of their own.
    name: 'separate-activities',
    request: { role: 'verify', roleName: 'lacks-7', detection: { failOn: 'blocking' } },
    bringThere: untilRoleIsMade('failed'),
  },
  { name: 'dry-run', request: { dryRun: true }, bringThere: until('succeeded') },
  {
    name: 'distributed',
    request: { distribute: { regions: ['cn-beijing'], shareWith: ['1000000000000002'] } },
    bringThere: until('succeeded'),
  },
  { name: 'failed', request: { imageName: 'doomed' }, bringThere: until('failed') },
  { name: 'waiting', request: { role: 'verify', roleName: 'lacks-1' }, bringThere: until('attention') },
  {
    name: 'resumed',
    request: { role: 'verify', roleName: 'lacks-2' },
    bringThere: untilRoleIsMade('succeeded'),
  },
  {
    // Writes search attributes when it stops, continues and ends.
    name: 'searchable',
    request: { role: 'verify', roleName: 'lacks-6' },
    bringThere: untilRoleIsMade('succeeded'),
  },
  {
    name: 'cancelled-waiting',
    request: { role: 'verify', roleName: 'lacks-3' },
    async bringThere(service, id) {
      await service.untilState(id, 'attention');
      await post(service, id, 'cancel');
      await service.untilState(id, 'cancelled');
    },
  },
  {
    // The most that an outage can do to a history: somebody resumes at once, each time.
    name: 'day-of-outage',
    request: { imageName: 'a-day-later', distribute: { regions: ['cn-beijing'], shareWith: ['1000000000000002'] } },
    async bringThere(service, id) {
      const away = { service: 'ecs', action: 'ImportImage', match: 'a-day-later', kind: 'reset-before' } as const;
      const outage = await service.fault({ ...away, times: -1 });
      let since: string | undefined;
      for (let hours = 0; hours < HOURS_OF_OUTAGE; hours++) {
        const stopped = ({ attention }: ImportView) => attention !== null && attention.since !== since;
        since = (await service.until(id, stopped)).attention?.since;
        if (hours === HOURS_OF_OUTAGE - 1) await service.endFault(outage);
        await post(service, id, 'resume');
      }
      await service.untilState(id, 'succeeded');
    },
  },
  {
    name: 'sent-again',
    async bringThere(service, id) {
      await service.until(id, (view) => view.phase === 'import' && view.image !== null);
      for (const { key } of (await service.state()).objects) await service.oss(BUCKET).delete(key);
      await service.untilState(id, 'succeeded');
    },
  },
  {
    name: 'role-created-again',
    request: { role: 'skip', roleName: 'lacks-4' },
    bringThere: untilRoleIsMade('succeeded'),
  },
  {
    // The run that ends by continuing as new.
    name: 'resumed-in-vain',
    request: { role: 'verify', roleName: 'lacks-5' },
    run: 'first',
    async bringThere(service, id) {
      let since: string | undefined;
      for (let resumes = 0; resumes < RESUMES_IN_VAIN; resumes++) {
        const stopped = ({ attention }: ImportView) => attention !== null && attention.since !== since;
        since = (await service.until(id, stopped)).attention?.since;
        await post(service, id, 'resume', resumes < RESUMES_IN_VAIN - 1 ? {} : { set: { role: 'ensure' } });
      }
      await service.untilState(id, 'succeeded');
    },
  },
  {
    name: 'reset',
    async bringThere(service, id) {
      await service.untilState(id, 'succeeded');
    },
    after: (client, id) => resetToStart(client, importWorkflowId(id)),
  },
  {
    name: 'cancelled-importing',
    async bringThere(service, id) {
      await service.until(id, (view) => view.phase === 'import' && view.image !== null);
      await post(service, id, 'cancel');
      await service.untilState(id, 'cancelled');
    },
  },
  {
    name: 'cancelled-natively',
    async bringThere(service, id, { workflow }) {
      await service.until(id, (view) => view.phase === 'import' && view.image !== null);
      await workflow.getHandle(importWorkflowId(id)).cancel();
      await service.untilState(id, 'cancelled');
    },
  },
];
