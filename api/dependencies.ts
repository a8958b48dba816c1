/** The dependencies of the routes. */

import type { Client } from '@temporalio/client';
import type { Registry } from 'prom-client';
import type { BatchUseCases } from '../batches/use-cases.js';
import type { DescribedSetting } from '../config/described-settings.js';
import type { TemporalSettings } from '../config/temporal.js';
import type { OverviewReading } from '../imports/overview.js';
import type { ImportUseCases } from '../imports/use-cases.js';
import type { AccessStore } from '../store/access.js';
import type { KeyStore } from '../store/api-keys.js';
import type { AuditStore } from '../store/audit.js';
import type { ChangeFeed } from '../store/changes.js';
import type { ImportFiles } from '../store/import-files.js';
import type { ImportStore } from '../store/imports.js';
import type { InspectionStore } from '../store/inspections.js';
import type { RetentionStore } from '../store/retention.js';
import type { DeliveryStore } from '../store/webhook-deliveries.js';
import type { WebhookStore } from '../store/webhooks.js';
import type { WorkerLiveness } from '../store/worker-liveness.js';
import type { Keyring } from '../temporal/keyring.js';
import type { SearchState } from '../temporal/search-attributes.js';
import type { AuditTrail } from './access/audit.js';
import type { Authenticator } from './access/authenticate.js';
import type { RequestLimits } from './access/limit-requests.js';
import type { OidcSignIns } from './access/oidc/sign-in.js';
import type { Sessions } from './access/sessions.js';
import type { StreamLimits } from './event-streams.js';
import type { MetricSources } from './metrics.js';
import type { RequestTraces } from './request-traces.js';

export interface ApiDependencies {
  readonly imports: ImportUseCases;
  readonly batches: BatchUseCases;
  readonly store: Pick<ImportStore, 'progressOf' | 'events' | 'countByState' | 'countOpenByAccount' | 'ping'>;
  readonly overview: OverviewReading;
  readonly inspections: InspectionStore;
  /** Absent: none are shown. */
  readonly settings?: readonly DescribedSetting[];
  readonly access: AccessStore;
  readonly audit: Pick<AuditStore, 'list'>;
  /** Records requests in the audit log. */
  readonly auditTrail: Pick<AuditTrail, 'middleware'>;
  readonly keys: KeyStore;
  /** Called when keys have changed, so that this process does not accept one that it has read before. */
  readonly forgetKeys: () => void;
  readonly files: ImportFiles;
  readonly retention: Pick<RetentionStore, 'wasDeleted' | 'hold' | 'release' | 'holds'>;
  readonly webhooks: {
    readonly store: WebhookStore;
    readonly deliveries: Pick<DeliveryStore, 'insert' | 'get' | 'list' | 'redeliver'>;
    /** Why nothing may be sent to the URL; null: it may be allowed. */
    readonly refusal: (url: string) => string | null;
  };
  readonly oidc: OidcSignIns;
  readonly liveness: WorkerLiveness;
  /** For `/metrics`. Absent: a registry of its own, and no numbers of the service. */
  readonly registry?: Registry;
  /** Absent: traces are off. */
  readonly traces?: RequestTraces;
  readonly metricSources?: Pick<MetricSources, 'serviceNumbers' | 'backlog'>;
  readonly changes: ChangeFeed;
  /** Of event streams. Absent: the default limits. */
  readonly streams?: StreamLimits;
  /** For inspections, orphans and probes; imports and batches go through their use cases. */
  readonly client: Client;
  /** The host whose worker reads sources without a host. */
  readonly workerHost: string;
  /** The accounts that requests may name. Default: none. */
  readonly accounts?: readonly string[];
  /** In the order in which they are asked. */
  readonly authenticators: readonly Authenticator[];
  /** Absent: no limits. */
  readonly limits?: RequestLimits;
  /** Of the page. */
  readonly sessions: Sessions;
  /** A proxy with TLS is in front of the API. Default: none. */
  readonly isBehindProxy?: boolean;
  /** The names in `Host` besides addresses and localhost; absent: any name. */
  readonly hostNames?: readonly string[];
  /** Where the web interface of the embedded Temporal server is; absent or null: this API has none. */
  readonly temporalUi?: TemporalSettings | null;
  readonly stackFile: string | null;
  /** The keys of payloads in Temporal; absent or null: payloads are not encrypted. */
  readonly keyring?: Keyring | null;
  /** Origins of Temporal's UI, whose pages may decode payloads. Default: none. */
  readonly codecOrigins?: readonly string[];
  /** Whether workflows have search attributes. Absent: unknown. */
  readonly searchState?: () => SearchState;
  /** `info` gets one line a request; absent: none. */
  readonly log: { error(attributes: object, message: string): void; info?(attributes: object, message: string): void };
}
