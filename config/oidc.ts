/** The OIDC issuers whose tokens the API accepts: a file, or the same text in a variable. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { ROLES } from '../domain/access/identity.js';
import { scopeSchema } from '../domain/access/scope-schema.js';
import { ConfigError } from './environment.js';
import { isLoopback } from './loopback.js';

/** Signatures with public keys only: with a secret, everybody who knows the public key could make tokens. */
export const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
] as const;

const MAX_TEXT = 300;
const MAX_SKEW_S = 300;
const text = z.string().min(1).max(MAX_TEXT);

const url = text.refine((value) => {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, hash } = new URL(value);
  const isPlain = protocol === 'http:' && isLoopback(hostname.replace(/^\[|\]$/g, ''));
  return (protocol === 'https:' || isPlain) && username === '' && hash === '';
}, 'must be an https:// URL');

const condition = z.union([text, z.number(), z.boolean()]);

const rule = z.strictObject({
  when: z
    .record(text, z.union([condition, z.array(condition).min(1)]))
    .refine(
      (when) => Object.keys(when).length > 0,
      'must name a claim: without one, every token of the issuer would match. To allow that, set sub: "*"',
    ),
  role: z.enum(ROLES),
  scope: scopeSchema.default({ regions: [], buckets: [], tags: [], sourceRoots: [] }),
});

const signIn = z.strictObject({
  clientId: text,
  /** A file with the client secret; absent: a public client. */
  clientSecretFile: text.optional(),
  /** As the provider knows it: `https://HOST/v1/session/oidc/callback`. */
  redirectUrl: url,
  scopes: z
    .array(text)
    .default(['openid', 'profile', 'email'])
    .refine((all) => all.includes('openid'), 'must contain openid'),
  /** A user signs in again after this time. */
  hours: z
    .number()
    .min(1 / 60)
    .max(168)
    .default(12),
});

const issuer = z.strictObject({
  /** In URLs and on the button of the page. */
  name: z.string().regex(/^[a-z0-9-]{1,40}$/, 'must be 1 to 40 of a-z, 0-9 and -'),
  issuer: url,
  /** One of them must be in `aud` of a bearer token. None: no bearer tokens, only sign-in. */
  audience: z.union([text.transform((one) => [one]), z.array(text)]).default([]),
  algorithms: z.array(z.enum(ALGORITHMS)).min(1).default(['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519']),
  clockSkewSeconds: z.int().min(0).max(MAX_SKEW_S).default(30),
  /** Default: from the issuer's discovery document. */
  jwksUrl: url.optional(),
  /** Certificates of a private authority. */
  caFile: text.optional(),
  /** Sent as a bearer token with requests for the discovery document and the keys; read for each request. */
  tokenFile: text.optional(),
  rules: z.array(rule).min(1),
  signIn: signIn.optional(),
});

export type OidcIssuer = z.infer<typeof issuer>;
export type OidcSignIn = z.infer<typeof signIn>;

const schema = z.strictObject({ issuers: z.array(issuer).min(1).max(20) }).superRefine(({ issuers }, context) => {
  for (const field of ['name', 'issuer'] as const) {
    const values = issuers.map((one) => one[field]);
    for (const [index, value] of values.entries()) {
      if (values.indexOf(value) < index)
        context.addIssue({ code: 'custom', path: ['issuers', index, field], message: `${value} is there twice` });
    }
  }
  for (const [index, { audience, signIn: uses }] of issuers.entries()) {
    if (audience.length > 0 || uses !== undefined) continue;
    context.addIssue({
      code: 'custom',
      path: ['issuers', index],
      message: 'has neither audience (for bearer tokens) nor signIn: set one of them',
    });
  }
});

export const oidcVariables = {
  ECS_IMPORT_OIDC_FILE: z.string().min(1).optional(),
};

/** Throws `ConfigError` that names the file and every wrong field. @returns no issuer if no file is set */
export function oidcIssuers(file: string | undefined): readonly OidcIssuer[] {
  if (file === undefined) return [];
  const wrong = (what: string, cause?: unknown) => new ConfigError(`ECS_IMPORT_OIDC_FILE: ${file}: ${what}`, { cause });
  let document: unknown;
  try {
    document = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw wrong(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error), error);
  }
  const read = schema.safeParse(document);
  if (read.success) return read.data.issuers;
  throw wrong(read.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`).join('; '));
}
