/** Checks the units with systemd itself. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { OpsCheck } from './check.js';
import { run } from './tools.js';

const folder = path.resolve(import.meta.dirname, '../../integrations/systemd');
/** `systemd-analyze security` rates from 0 (no rights) to 10. */
const HIGHEST_EXPOSURE = { api: 25, worker: 45 } as const;

export const SYSTEMD_CHECKS: readonly OpsCheck[] = [
  {
    name: 'systemd units',
    run: async () => {
      const work = mkdtempSync(path.join(os.tmpdir(), 'units-'));
      try {
        const units = readdirSync(folder).filter((name) => name.endsWith('.service'));
        for (const name of units) {
          // Programs and users of the unit must exist on the machine that checks it.
          const text = readFileSync(path.join(folder, name), 'utf8')
            .replace('/usr/bin/ecs-image-import', process.execPath)
            .replace(/^(User|Group)=.*$/gm, '$1=root')
            .replace(/^EnvironmentFile=\/.*$/gm, '');
          writeFileSync(path.join(work, name), text);
        }
        run('systemd-analyze', ['verify', ...units.map((name) => path.join(work, name))]);
      } finally {
        rmSync(work, { recursive: true, force: true });
      }
      for (const [role, threshold] of Object.entries(HIGHEST_EXPOSURE)) {
        const unit = path.join(folder, `ecs-image-import-${role}.service`);
        run('systemd-analyze', ['security', '--offline=true', `--threshold=${threshold}`, unit]);
      }
    },
  },
];
