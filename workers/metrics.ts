/** Prometheus metrics of a worker: what its activities do, its calls to the cloud, its child processes and its cache. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ActivityMetrics } from '../activities/metrics.js';
import { listenToBytesSent, listenToCalls } from '../alibaba/call-events.js';
import { CALL_OUTCOMES, CLOUD_ACTIONS } from '../domain/cloud-calls.js';
import { FINAL_STATES, PHASES } from '../domain/import.js';
import { CHILD_KINDS, runningChildren } from '../images/children.js';
import { cacheUsage } from '../sources/scratch-cache.js';

const CALL_SECONDS = [0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60, 300];
const PHASE_SECONDS = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];
const RETRIED_CLASSES = ['transient', 'throttled'] as const;
const WORK_PHASES = PHASES.filter((phase) => phase !== 'accepted' && phase !== 'done');

export function createActivityMetrics(registry: Registry): ActivityMetrics {
  const registers = [registry];
  const retries = new Counter({
    name: 'ecs_image_import_step_retries_total',
    help: 'Attempts of a step that have failed and are repeated, by phase and class of the failure',
    labelNames: ['phase', 'class'],
    registers,
  });
  const stops = new Counter({
    name: 'ecs_image_import_attention_stops_total',
    help: 'Stops of imports for attention by phase',
    labelNames: ['phase'],
    registers,
  });
  const saved = new Counter({
    name: 'ecs_image_import_saved_bytes_total',
    help: 'Bytes of disk images that need not be sent: by conversion, or because the object was already in the bucket',
    labelNames: ['by'],
    registers,
  });
  const ended = new Counter({
    name: 'ecs_image_import_ended_imports_total',
    help: 'Imports that have ended by final state',
    labelNames: ['state'],
    registers,
  });
  const phases = new Histogram({
    name: 'ecs_image_import_phase_duration_seconds',
    help: 'Time that ended imports spent in a phase, with its retries and stops',
    labelNames: ['phase'],
    buckets: PHASE_SECONDS,
    registers,
  });
  const imports = new Histogram({
    name: 'ecs_image_import_import_duration_seconds',
    help: 'Time from the request of an import to its end by final state',
    labelNames: ['state'],
    buckets: PHASE_SECONDS,
    registers,
  });
  for (const phase of WORK_PHASES) {
    stops.inc({ phase }, 0);
    phases.zero({ phase });
    for (const failure of RETRIED_CLASSES) retries.inc({ phase, class: failure }, 0);
  }
  for (const by of ['conversion', 'shared']) saved.inc({ by }, 0);
  for (const state of FINAL_STATES) {
    ended.inc({ state }, 0);
    imports.zero({ state });
  }
  return {
    retried: (phase, failure) => retries.inc({ phase, class: failure }),
    stopped: (phase) => stops.inc({ phase }),
    saved: (by, bytes) => saved.inc({ by }, bytes),
    ended(state, { createdAt, timeline }) {
      ended.inc({ state });
      imports.observe({ state }, secondsBetween(createdAt, null));
      for (const { phase, startedAt, endedAt } of timeline) {
        if (WORK_PHASES.some((one) => one === phase)) phases.observe({ phase }, secondsBetween(startedAt, endedAt));
      }
    },
  };
}

function secondsBetween(from: string, to: string | null): number {
  return Math.max(0, (to === null ? Date.now() : Date.parse(to)) - Date.parse(from)) / 1_000;
}

/** Counts the calls to the cloud of this process. Returns a function that stops it. */
export function addCloudMetrics(registry: Registry): () => void {
  const calls = new Counter({
    name: 'ecs_image_import_cloud_calls_total',
    help: 'Calls to the cloud by service, action and outcome: ok, aborted, or the class of the failure',
    labelNames: ['service', 'action', 'outcome'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'ecs_image_import_cloud_call_duration_seconds',
    help: 'Time from sending a call to the cloud to its answer',
    labelNames: ['service', 'action'],
    buckets: CALL_SECONDS,
    registers: [registry],
  });
  const sent = new Counter({
    name: 'ecs_image_import_sent_bytes_total',
    help: 'Bytes of disk images that were sent to OSS, including those of repeated parts',
    registers: [registry],
  });
  for (const [service, actions] of Object.entries(CLOUD_ACTIONS)) {
    for (const action of actions) {
      seconds.zero({ service, action });
      for (const outcome of CALL_OUTCOMES) calls.inc({ service, action, outcome }, 0);
    }
  }
  const stops = [
    listenToCalls({
      started({ service, action }) {
        const stop = seconds.startTimer({ service, action });
        return ({ outcome }) => {
          stop();
          calls.inc({ service, action, outcome });
        };
      },
    }),
    listenToBytesSent((bytes) => sent.inc(bytes)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

export interface CacheSettings {
  readonly cacheDir: string;
  readonly cacheLimitBytes: number;
}

/** Child processes and the cache of images on this host. */
export function addHostMetrics(registry: Registry, { cacheDir, cacheLimitBytes }: CacheSettings): void {
  new Gauge({
    name: 'ecs_image_import_child_processes',
    help: 'Child processes that run: reader (inspects images), program (qemu-img or a decompressor), machine (boot check)',
    labelNames: ['kind'],
    registers: [registry],
    collect() {
      for (const kind of CHILD_KINDS) this.set({ kind }, runningChildren(kind));
    },
  });
  new Gauge({
    name: 'ecs_image_import_cache_bytes',
    help: 'Size of the images in the cache folder of this host on its disk',
    registers: [registry],
    async collect() {
      const bytes = await cacheUsage(cacheDir);
      if (bytes !== null) this.set(bytes);
    },
  });
  new Gauge({
    name: 'ecs_image_import_cache_limit_bytes',
    help: 'Maximum size of the cache folder',
    registers: [registry],
  }).set(cacheLimitBytes);
}
