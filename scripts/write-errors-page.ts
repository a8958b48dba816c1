// `npm run docs:errors`: generates docs/errors.md and the pages of the runbook for attention codes.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { errorsPage } from './errors-page.js';
import { runbookPages } from './runbook-pages.js';

const docs = path.resolve(import.meta.dirname, '../docs');
writeFileSync(path.join(docs, 'errors.md'), errorsPage());
const pages = runbookPages();
// Pages of codes that are gone.
rmSync(path.join(docs, 'runbook/attention'), { recursive: true, force: true });
mkdirSync(path.join(docs, 'runbook/attention'), { recursive: true });
for (const { file, text } of pages) writeFileSync(path.join(docs, 'runbook', file), text);
