// `npm run docs:cloud`: generates docs/cloud.md.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { cloudPage } from './cloud-page.js';

writeFileSync(path.resolve(import.meta.dirname, '../docs/cloud.md'), cloudPage());
