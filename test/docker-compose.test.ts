/** The compose file names only what exists: commands, variables, files; there is no Docker needed to know that. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { apiAccessFromEnvironment } from '../config/api-access.js';
import { packageFor } from '../images/convert/decompress.js';

const root = path.resolve(import.meta.dirname, '..');
const composeSchema = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string().optional(),
      build: z.string().optional(),
      command: z.array(z.string()).optional(),
      environment: z.record(z.string(), z.unknown()).optional(),
      volumes: z.array(z.string()).optional(),
      ports: z.array(z.string()).optional(),
      depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
      user: z.string().optional(),
      read_only: z.boolean().optional(),
      cap_drop: z.array(z.string()).optional(),
      security_opt: z.array(z.string()).optional(),
      secrets: z.array(z.string()).optional(),
      healthcheck: z.object({ test: z.array(z.string()) }).optional(),
      stop_grace_period: z.string().optional(),
      deploy: z
        .object({ resources: z.object({ limits: z.object({ cpus: z.string(), memory: z.string() }) }) })
        .optional(),
    }),
  ),
  volumes: z.record(z.string(), z.unknown()),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
});
const compose = composeSchema.parse(
  parse(readFileSync(path.join(root, 'docker-compose.yml'), 'utf8'), { merge: true }),
);
const services = Object.entries(compose.services);
const sources = execFileSync(
  'git',
  ['ls-files', 'api', 'workers', 'cli', 'config', 'alibaba', 'domain', 'local', 'temporal', 'telemetry'],
  {
    cwd: root,
  },
)
  .toString()
  .split('\n')
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(path.join(root, file), 'utf8'))
  .join('\n');

const own = services.filter(([, { build }]) => build !== undefined);

test('every service is a public image with a version, or built from the Dockerfile and starts a command that there is', () => {
  expect(existsSync(path.join(root, 'Dockerfile'))).toBe(true);
  for (const [name, service] of services) {
    expect(service.image, name).toMatch(/^[a-z/-]+:\$\{[A-Z_]+:-[\w.-]+\}$/);
    if (service.build === undefined) continue;
    const [command = ''] = service.command ?? [];
    expect(existsSync(path.join(root, 'cli/commands', `${command}.ts`)), `${name}: ${command}`).toBe(true);
  }
});

test('every variable is one that the service reads', () => {
  for (const [name, service] of own) {
    for (const variable of Object.keys(service.environment ?? {})) {
      // Node.js itself reads it.
      if (variable !== 'NODE_EXTRA_CA_CERTS') expect(sources, `${name}: ${variable}`).toContain(variable);
    }
  }
});

test('processes of this project → without root, capabilities and a writable root file system', () => {
  for (const [name, service] of own) {
    expect(service, name).toMatchObject({ user: '1000:1000', read_only: true, cap_drop: ['ALL'] });
    expect(service.security_opt, name).toEqual(['no-new-privileges:true']);
  }
});

test('processes that run on → have a health check, limits and time to drain', () => {
  for (const name of ['api', 'worker']) {
    const service = compose.services[name];
    expect(service?.deploy?.resources?.limits, name).toEqual({ cpus: expect.any(String), memory: expect.any(String) });
    expect(service?.healthcheck?.test.join(' '), name).toContain('/readyz');
    expect(service?.stop_grace_period, name).toBe('30s');
  }
});

test('secrets → files that make-secrets.sh creates, never values', () => {
  const script = ['docker/make-secrets.sh', 'production/make-certificates.sh']
    .map((file) => readFileSync(path.join(root, 'integrations', file), 'utf8'))
    .join('\n');
  for (const [name, { file }] of Object.entries(compose.secrets)) {
    expect(file).toBe(`./secrets/${name}`);
    expect(script, name).toMatch(new RegExp(`\\b${name.replace(/\.(pem|key)$/, '')}\\b`));
  }
  for (const [name, service] of services) {
    const paths = [...JSON.stringify(service).matchAll(/\/run\/secrets\/([a-z][\w.-]*)/g)].map(([, file]) => file);
    expect(service.secrets ?? [], name).toEqual(expect.arrayContaining([...new Set(paths)]));
    for (const secret of service.secrets ?? []) expect(Object.keys(compose.secrets), name).toContain(secret);
    for (const [variable, value] of Object.entries(service.environment ?? {})) {
      if (/PASSWORD|PAYLOAD_KEYS/.test(variable)) expect(value, `${name}: ${variable}`).toMatch(/^\/run\/secrets\//);
    }
  }
});

test('services wait only for services, and volumes are declared or are folders of the host', () => {
  for (const [name, service] of services) {
    for (const other of Object.keys(service.depends_on ?? {}))
      expect(Object.keys(compose.services), name).toContain(other);
    for (const volume of service.volumes ?? []) {
      const [from = ''] = volume.split(':');
      if (/^[a-z]+$/.test(from)) expect(Object.keys(compose.volumes), `${name}: ${volume}`).toContain(from);
    }
  }
});

test('the emulator of the profile is where .env.emulator points', () => {
  const text = readFileSync(path.join(root, '.env.emulator'), 'utf8');
  const url = new URL(/^OSS_ENDPOINT=(\S+)$/m.exec(text)?.[1] ?? '');
  const yaml = readFileSync(path.join(root, 'docker-compose.yml'), 'utf8');
  expect(yaml).toContain(`ipv4_address: ${url.hostname}`);
  expect(compose.services.emulator?.command).toContain(url.port);
});

const dockerfile = readFileSync(path.join(root, 'Dockerfile'), 'utf8');
const lastStage = dockerfile.slice(dockerfile.lastIndexOf('FROM'));

test('the image → runs as a user by number, and contains no npm and no sources', () => {
  expect(lastStage).toMatch(/^USER 1000:1000$/m);
  expect([...lastStage.matchAll(/^COPY --from=build (.+) \S+$/gm)].map(([, from]) => from)).toEqual([
    '/usr/local/bin/node',
    ...['/app/package.json /app/LICENSE /app/README.md /app/sbom.spdx.json', '/app/node_modules'],
    ...['/app/assets', '/app/store/migrations', '/app/dist'],
  ]);
});

test('the context of the image → everything that the build reads, and nothing else', () => {
  const allowed = readFileSync(path.join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
  const { include } = z
    .object({ include: z.array(z.string()) })
    .parse(JSON.parse(readFileSync(path.join(root, 'tsconfig.build.json'), 'utf8')));
  expect(include.filter((folder) => !allowed.includes(folder))).toEqual([]);
  for (const name of allowed) if (!name.includes('*')) expect(existsSync(path.join(root, name)), name).toBe(true);
});

test('the image has every program that a conversion starts', () => {
  const installed = /apt-get install [^&]*/.exec(lastStage)?.[0].split(/\s+/) ?? [];
  // Debian's base images have its essential packages, gzip among them.
  const needed = ['qemu-utils', ...(['GZIP', 'XZ', 'ZSTD'] as const).map((format) => packageFor(format).split(' ')[0])];
  expect(needed.filter((name) => name !== 'gzip' && !installed.includes(name ?? ''))).toEqual([]);
});

test('secrets in .env → neither committed nor part of the Docker image', () => {
  const ignored = (file: string) => execFileSync('git', ['check-ignore', file], { cwd: root, encoding: 'utf8' }).trim();
  for (const file of ['.env', '.env.local', 'deploy/.env']) expect(ignored(file)).toBe(file);
  const patterns = readFileSync(path.join(root, '.dockerignore'), 'utf8').split('\n');
  expect(patterns).toEqual(expect.arrayContaining(['.env', '.env.*', '**/.env', '**/.env.*']));
});

test('no service listens for other hosts without access control, and the API has a key without a setting', () => {
  for (const [name, { ports = [] }] of services) {
    for (const port of ports) expect(port, name).toMatch(/^(\$\{ECS_IMPORT_PUBLISH:-)?127\.0\.0\.1:/);
  }
  const { environment, volumes } = compose.services.api ?? {};
  const access = apiAccessFromEnvironment(
    Object.fromEntries(
      Object.entries(environment ?? {}).map(([name, value]) => [
        name,
        String(value).replace(/\$\{\w+:-(.*?)\}/g, '$1'),
      ]),
    ),
  );
  expect(access).toMatchObject({
    ...{ isOpen: false, token: null, tokenFile: '/data/api-token', isBehindProxy: false },
    tls: { certFile: '/run/secrets/api.pem', keyFile: '/run/secrets/api.key' },
  });
  expect(volumes).toContain('api:/data');
});
