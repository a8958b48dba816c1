/** The User-Agent of every request that this service sends: `ecs-image-import/VERSION`. */
import { readFileSync } from 'node:fs';

function version(): string {
  // The source is one folder below the package, the build is two.
  for (const place of ['../package.json', '../../package.json']) {
    try {
      const about: unknown = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'));
      if (typeof about === 'object' && about !== null && 'version' in about) return String(about.version);
    } catch {
      // Not in this folder.
    }
  }
  return 'unknown';
}

export const USER_AGENT = `ecs-image-import/${version()}`;
