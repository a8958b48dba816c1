/** The HTTP server of the API, with or without TLS. */
import https from 'node:https';
import { createAdaptorServer } from '@hono/node-server';
import { type CertificateFiles, readCertificate, watchCertificate } from './access/certificate.js';

export type ApiServer = ReturnType<typeof createAdaptorServer>;

/**
 * Longer than the 60 s after which load balancers and clients drop an idle connection: a request that is sent as this side
 * closes is lost, and its client cannot know whether it was processed.
 */
const KEEP_ALIVE_MS = 75_000;
const SERVER_OPTIONS = {
  maxHeaderSize: 16 * 1024,
  keepAliveTimeout: KEEP_ALIVE_MS,
  headersTimeout: 15_000,
  // A large batch file takes minutes. The routes end bodies that are idle (request-body.ts).
  requestTimeout: 60 * 60_000,
  connectionsCheckingInterval: 5_000,
} as const;
/**
 * Throws an error that names the files if they are not a certificate and its key.
 * @param tls null: HTTP; otherwise, the certificate is replaced when its files change
 */
export function createServer(
  fetch: Parameters<typeof createAdaptorServer>[0]['fetch'],
  tls: CertificateFiles | null,
  warn: (problem: string) => void,
): ApiServer {
  if (tls === null) return createAdaptorServer({ fetch, serverOptions: SERVER_OPTIONS });
  const serverOptions = { ...SERVER_OPTIONS, ...readCertificate(tls) };
  const server = createAdaptorServer({ fetch, createServer: https.createServer, serverOptions });
  if (server instanceof https.Server) {
    const stop = watchCertificate(tls, (certificate) => server.setSecureContext(certificate), warn);
    server.on('close', stop);
  }
  return server;
}
