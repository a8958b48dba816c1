// `npm run docs:errors`: writes docs/errors.md anew.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { errorsPage } from './errors-page.js';

writeFileSync(path.resolve(import.meta.dirname, '../docs/errors.md'), errorsPage());
