/** The paths of health checks. The kubelet sends them to the address of a pod, and monitoring to that of a host. */
export const PROBES: readonly string[] = ['/healthz', '/livez', '/readyz'];
