/** Checks docker-compose.yml with the reference implementation of the Compose specification. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { OpsCheck } from './check.js';
import { goTool, run } from './tools.js';

const VALIDATOR = 'github.com/compose-spec/compose-go/v2/cmd@v2.16.2';
const root = path.resolve(import.meta.dirname, '../..');

export const COMPOSE_CHECKS: readonly OpsCheck[] = [
  {
    name: 'compose file',
    run: async () => {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'compose-'));
      try {
        for (const name of ['docker-compose.yml', '.env.emulator', 'Dockerfile', 'integrations']) {
          cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
        }
        // As a user does it: the secrets are created first.
        run('sh', ['integrations/docker/make-secrets.sh', 'images.example.com'], { cwd: folder });
        const validator = goTool('cmd', VALIDATOR);
        for (const more of [{}, { COMPOSE_PROFILES: 'emulator,temporal-ui', ECS_IMPORT_PUBLISH: '0.0.0.0:8443' }]) {
          run(validator, ['docker-compose.yml'], { cwd: folder, env: { ...process.env, ...more } });
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  },
];
