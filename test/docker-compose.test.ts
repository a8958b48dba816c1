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
    }),
  ),
  volumes: z.record(z.string(), z.unknown()),
});
const compose = composeSchema.parse(
  parse(readFileSync(path.join(root, 'docker-compose.yml'), 'utf8'), { merge: true }),
);
const services = Object.entries(compose.services);
const sources = execFileSync(
  'git',
  ['ls-files', 'api', 'workers', 'cli', 'config', 'alibaba', 'domain', 'local', 'temporal'],
  {
    cwd: root,
  },
)
  .toString()
  .split('\n')
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(path.join(root, file), 'utf8'))
  .join('\n');

test('every service is a public image or built from the Dockerfile, and starts a command that there is', () => {
  expect(existsSync(path.join(root, 'Dockerfile'))).toBe(true);
  for (const [name, service] of services) {
    expect(
      [service.image, service.build].filter((one) => one !== undefined),
      name,
    ).toHaveLength(1);
    if (service.image !== undefined) expect(service.image, name).toMatch(/^[a-z/]+:[\w.]+$/);
    if (service.build !== undefined) {
      const [command = ''] = service.command ?? [];
      expect(existsSync(path.join(root, 'cli/commands', `${command}.ts`)), `${name}: ${command}`).toBe(true);
    }
  }
});

test('every variable is one that the service reads', () => {
  for (const [name, service] of services) {
    if (service.build === undefined) continue;
    for (const variable of Object.keys(service.environment ?? {}))
      expect(sources, `${name}: ${variable}`).toContain(variable);
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

test('the image has every program that a conversion starts', () => {
  const dockerfile = readFileSync(path.join(root, 'Dockerfile'), 'utf8');
  const installed =
    /apt-get install [^&]*/.exec(dockerfile.slice(dockerfile.lastIndexOf('FROM')))?.[0].split(/\s+/) ?? [];
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
    for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/);
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
  expect(access).toMatchObject({ isOpen: false, token: null, tokenFile: '/data/api-token', isBehindProxy: true });
  expect(volumes).toContain('api:/data');
});
