// `npm run docs:errors`: generates docs/errors.md.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { errorsPage } from './errors-page.js';

writeFileSync(path.resolve(import.meta.dirname, '../docs/errors.md'), errorsPage());
