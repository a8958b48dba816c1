/** The role that stands for an account. A file of its own: the configuration needs no SDK to read it. */

/** An account that the operator configures: requests use its name. */
export interface AccountRole {
  readonly name: string;
  /** `acs:ram::ACCOUNT:role/NAME` */
  readonly roleArn: string;
  /** Required by the trust policy of the role; absent: none is. */
  readonly externalId?: string;
  /** Duration of a session: 900 to the maximum of the role. */
  readonly durationSeconds: number;
  /** The region whose STS endpoint is called; absent: that of the worker's own calls. */
  readonly stsRegion?: string;
  /** `https://HOST`; absent: that of the worker's own calls. */
  readonly stsEndpoint?: string;
}

/** The ID of the account that the role belongs to. */
export function accountIdOf(roleArn: string): string {
  return roleArn.split(':')[3] ?? '';
}
