/** The identity of a Temporal server and namespace: what shows that a workflow would be known there. */

export interface TemporalServer {
  readonly namespace: string;
  /** Assigned when the namespace was created: an empty server has another one. Empty: the server does not report it. */
  readonly namespaceId: string;
  /** Empty: the server does not report it. */
  readonly clusterId: string;
}

/** False if one is unknown: only a positive answer shows that both are the same. */
export function isSameServer(one: TemporalServer | null, other: TemporalServer | null): boolean {
  if (one === null || other === null || one.namespaceId === '') return false;
  return (
    one.namespace === other.namespace && one.namespaceId === other.namespaceId && one.clusterId === other.clusterId
  );
}

export function describeServer({ namespace, namespaceId, clusterId }: TemporalServer): string {
  const cluster = clusterId === '' ? '' : ` on cluster ${clusterId}`;
  return `namespace ${namespace}${namespaceId === '' ? '' : ` (${namespaceId})`}${cluster}`;
}
