/** Requests with a certificate authority of their own, which `fetch` has no option for. */
import https from 'node:https';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface JsonClient {
  /** Rejects if the server does not answer. */
  send(method: string, url: string, headers: Readonly<Record<string, string>>, body?: unknown): Promise<Answer>;
}

const TIMEOUT_MS = 15_000;

/** @param ca PEM */
export function httpsJson(ca: Buffer): JsonClient {
  const agent = new https.Agent({ ca, keepAlive: true, servername: '' });
  return {
    send: (method, url, headers, body) =>
      new Promise((resolve, reject) => {
        const all = { 'content-type': 'application/json', ...headers };
        const request = https.request(url, { agent, method, headers: all, timeout: TIMEOUT_MS });
        request.once('timeout', () => request.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
        request.once('error', reject);
        request.once('response', (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () => {
            const text = Buffer.concat(chunks).toString();
            try {
              resolve({ status: response.statusCode ?? 0, body: text === '' ? null : JSON.parse(text) });
            } catch (error) {
              reject(error);
            }
          });
        });
        request.end(body === undefined ? undefined : JSON.stringify(body));
      }),
  };
}
