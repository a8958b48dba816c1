/**
 * The region of the ECS instance that this process runs on, from the metadata service of ECS. Asked directly, never through a
 * proxy: it would answer for the proxy's instance.
 */
import http from 'node:http';

export type MetadataAnswer =
  | { readonly kind: 'instance'; readonly regionId: string }
  /** Not on ECS, or not known. */
  | { readonly kind: 'none'; readonly reason: string };

export type Metadata = () => Promise<MetadataAnswer>;

export interface MetadataOptions {
  /** Default: the vendor's address. */
  readonly url?: string | undefined;
  /** The operator does not want the service to be asked. */
  readonly disabled?: boolean;
  /** The older mode without a token is not used. */
  readonly tokenRequired?: boolean;
  /** How long a missing answer counts; ms. An instance never changes its region, so its answer counts without limit. */
  readonly absentForMs?: number;
}

const URL_OF_SERVICE = 'http://100.100.100.200';
/** For all requests of one query together. */
const LIMIT_MS = 1_000;
const ABSENT_FOR_MS = 5 * 60_000;
const TOKEN_SECONDS = 60;
const MAX_BYTES = 1_024;
const REGION = /^[a-z]{2,}(-[a-z0-9]+)+$/;

export function createMetadata(options: MetadataOptions = {}): Metadata {
  let known: { readonly answer: Promise<MetadataAnswer>; untilMs: number } | null = null;
  return () => {
    const now = performance.now();
    if (known !== null && now < known.untilMs) return known.answer;
    const query = { answer: ask(options), untilMs: Number.POSITIVE_INFINITY };
    known = query;
    void query.answer.then(({ kind }) => {
      if (kind === 'none') query.untilMs = performance.now() + (options.absentForMs ?? ABSENT_FOR_MS);
    });
    return query.answer;
  };
}

async function ask({ url = URL_OF_SERVICE, disabled, tokenRequired }: MetadataOptions): Promise<MetadataAnswer> {
  if (disabled) return none('the metadata service of ECS is disabled by ALIBABA_CLOUD_ECS_METADATA_DISABLED');
  // An agent of its own has no proxy, also where Node.js uses those of the environment.
  const agent = new http.Agent();
  const signal = AbortSignal.timeout(LIMIT_MS);
  const call = (method: string, path: string, headers: Readonly<Record<string, string>>) =>
    exchange(`${url}/latest/${path}`, { method, headers, agent, signal });
  try {
    const token = await call('PUT', 'api/token', { 'x-aliyun-ecs-metadata-token-ttl-seconds': String(TOKEN_SECONDS) });
    if (token.status !== 200 && tokenRequired) return none(refused('issues no token', token.status));
    const headers = token.status === 200 ? { 'x-aliyun-ecs-metadata-token': token.text.trim() } : {};
    const region = await call('GET', 'meta-data/region-id', headers);
    const regionId = region.text.trim();
    if (region.status !== 200) return none(refused('does not report the region', region.status));
    // Something else answers at this address, for example the sign-in page of a network.
    if (!REGION.test(regionId)) return none('the answer of the metadata service of ECS is not a region');
    return { kind: 'instance', regionId };
  } catch (error) {
    const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
    const what = signal.aborted
      ? `no answer of the metadata service within ${LIMIT_MS / 1000} s`
      : `no metadata service${code}`;
    return none(`the worker does not run on ECS: ${what}`);
  } finally {
    agent.destroy();
  }
}

function none(reason: string): MetadataAnswer {
  return { kind: 'none', reason };
}

function refused(what: string, status: number): string {
  return `the metadata service of ECS ${what} (status ${status})`;
}

function exchange(
  url: string,
  options: http.RequestOptions,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
        if (text.length > MAX_BYTES) request.destroy(new Error('the answer is too long'));
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end();
  });
}
