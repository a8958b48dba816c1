/**
 * The interface of the cloud. Every method throws only `FailureError`s from the error catalogue. Optional fields of the
 * vendor's responses are filled in or null, so that callers need no checks for missing lists.
 */
import type { OssAccess } from '../domain/oss-access.js';
import type { EcsApi } from './ecs-api.js';
import type { OssApi } from './oss-api.js';

export interface Cloud {
  ecs(region: string): EcsApi;
  /** @param access of the import. Absent: the endpoint is chosen, and the OSS is that of the region. */
  oss(region: string, access?: OssAccess): OssApi;
  readonly ram: RamApi;
  readonly sts: StsApi;
}

/** The cloud as an import reaches it: its objects are at its endpoint. */
export function cloudWith(cloud: Cloud, access: OssAccess): Cloud {
  return { ...cloud, oss: (region, own = access) => cloud.oss(region, own) };
}

export interface CallerIdentity {
  readonly accountId: string;
  readonly arn: string;
  readonly identityType: string;
}

export interface RoleOutcome {
  readonly roleName: string;
  readonly madeRole: boolean;
  /** Names of the custom policies that this call created. */
  readonly madePolicies: readonly string[];
  /** Names of the policies that this call attached to the role. */
  readonly attachedPolicies: readonly string[];
  /** Differences from the vendor's documents that were not changed, each as a line diff. */
  readonly drift: readonly string[];
}

export interface RamApi {
  /**
   * Checks that ECS may read the buckets with the import role. `ensure` creates what is missing, `verify` only checks.
   * Throws an `attention` failure if the role or a permission is missing and cannot be created.
   */
  setUpImportRole(input: {
    readonly mode: 'ensure' | 'verify';
    readonly roleName: string | null;
    readonly cloudBox: boolean;
    readonly buckets: readonly string[];
  }): Promise<RoleOutcome>;
}

export interface StsApi {
  getCallerIdentity(): Promise<CallerIdentity>;
}

/** The endpoints of OSS that the operator configured. */
export interface OssEndpoints {
  /** OSS_ENDPOINT, with `{region}`. An IP address or localhost, as of an emulator, is where every endpoint is reached. */
  readonly oss?: string | undefined;
  /** Custom domains by bucket. */
  readonly byBucket?: Readonly<Record<string, string>>;
  /** Endpoints by region. One that contains `{bucket}` is the custom domain of each bucket. */
  readonly byRegion?: Readonly<Record<string, string>>;
  /** Endpoints of the OSS of CloudBoxes by CloudBox ID. */
  readonly byCloudBox?: Readonly<Record<string, string>>;
}

/** Endpoints of the services, with `{region}`. Without them, the vendor's endpoints of the region over HTTPS. */
export interface CloudEndpoints extends OssEndpoints {
  /** `http://127.0.0.1:PORT` or `https://host`; absent: resolved from the region by the vendor's SDK. */
  readonly ecs?: string | undefined;
  readonly ram?: string | undefined;
  readonly sts?: string | undefined;
  readonly resourceSharing?: string | undefined;
  readonly quotaCenter?: string | undefined;
}
