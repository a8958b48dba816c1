/** Turns the metrics of Temporal's SDK into metrics of the process, so that one endpoint has both. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** As the SDK hands them over. `value` is a change of a counter, and the value itself of gauges and histograms. */
export interface SdkUpdate {
  readonly metric: {
    readonly name: string;
    readonly kind: string;
    readonly unit?: string | undefined;
    readonly description?: string | undefined;
  };
  readonly value: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/** The tags that are kept. Each has few values: no tag names an import or a workflow. */
const TAGS = [
  ...['namespace', 'task_queue', 'worker_type', 'poller_type', 'workflow_type', 'activity_type', 'operation'],
  ...['status_code', 'failure_reason', 'eager', 'resource_type'],
];
/** From a poll of a few milliseconds to an import that waited for hours. */
const SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600, 14_400];

type Instrument =
  | { readonly kind: 'counter'; readonly of: Counter }
  | { readonly kind: 'gauge'; readonly of: Gauge }
  | { readonly kind: 'histogram'; readonly of: Histogram };

/** @returns a function that records updates; durations are in seconds */
export function recordSdkMetrics(registry: Registry): (updates: Iterable<SdkUpdate>) => void {
  const instruments = new Map<string, Instrument>();
  return (updates) => {
    for (const update of updates) {
      const { metric, value } = update;
      const instrument = instruments.get(metric.name) ?? instrumentOf(metric, registry);
      instruments.set(metric.name, instrument);
      const labels = labelsOf(update.attributes);
      if (instrument.kind === 'counter') instrument.of.inc(labels, value);
      else if (instrument.kind === 'gauge') instrument.of.set(labels, value);
      else instrument.of.observe(labels, value);
    }
  };
}

function instrumentOf({ name, kind, description }: SdkUpdate['metric'], registry: Registry): Instrument {
  const common = { help: description || `${name} of Temporal's SDK`, labelNames: TAGS, registers: [registry] };
  if (kind === 'counter') return { kind, of: new Counter({ ...common, name: withSuffix(name, '_total') }) };
  if (kind === 'histogram') {
    return { kind, of: new Histogram({ ...common, name: withSuffix(name, '_seconds'), buckets: SECONDS }) };
  }
  return { kind: 'gauge', of: new Gauge({ ...common, name }) };
}

function withSuffix(name: string, suffix: string): string {
  return name.endsWith(suffix) ? name : `${name}${suffix}`;
}

function labelsOf(attributes: SdkUpdate['attributes']): Record<string, string> {
  const kept = Object.entries(attributes).filter(([name]) => TAGS.includes(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
}
