/**
 * Where the two halves of the proxy meet: Unix sockets in the folder of the embedded server. Both halves run in this folder and
 * use these names as relative paths, because the path of a Unix socket has at most 107 bytes.
 */
export const SOCKETS = { grpc: 'grpc.sock', ui: 'ui.sock' } as const;

/** Ports of the server in its network namespace, where nothing else listens. */
export const INNER_PORTS = { grpc: 7233, ui: 8233, http: 7243, metrics: 9233 } as const;
