/** The scripts and units for operators give each process the access that it needs, and no more. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';

const integrations = path.resolve(import.meta.dirname, '../../integrations');

test('certificates in a new folder → only its owner can enter it, and other users can enter the folder above it', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'certificates-'));
  try {
    const above = path.join(root, 'etc/ecs-image-import');
    const secrets = path.join(above, 'secrets');
    execFileSync('sh', [path.join(integrations, 'production/make-certificates.sh'), secrets, 'images.example.com']);
    const mode = (file: string) => statSync(file).mode & 0o777;
    // The service reads its settings and ca.pem there as a user of its own.
    expect(mode(above)).toBe(0o755);
    expect(mode(secrets)).toBe(0o700);
    for (const name of readdirSync(secrets)) expect(mode(path.join(secrets, name)), name).toBe(0o600);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test.each(['api', 'worker'])(
  'the unit of the %s → it can read the addresses of its host, which needs AF_NETLINK',
  (role) => {
    const unit = readFileSync(path.join(integrations, `systemd/ecs-image-import-${role}.service`), 'utf8');
    expect(unit).toMatch(/^RestrictAddressFamilies=.*\bAF_NETLINK\b/m);
  },
);
