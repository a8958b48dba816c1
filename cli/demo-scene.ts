/** What `demo --keep` adds, so that the page has something to see: an import that needs attention, and a batch under way. */
import { pathToFileURL } from 'node:url';
import type { Api } from './api.js';

interface Place {
  readonly region: string;
  readonly bucket: string;
}

const ITEMS = 60;
/** A file that does not exist: these items fail, so that the batch shows a cause. */
const MISSING = [9, 21, 22, 35];
const POLICY = { concurrency: 2, canary: [2, 6], errorBudget: '20%' };

/** The attention: the import verifies a RAM role that does not exist. */
export async function setScene(api: Api, image: string, { region, bucket }: Place): Promise<void> {
  const source = pathToFileURL(image).href;
  const defaults = { region, upload: { bucket } };
  await api.call({
    method: 'POST',
    path: '/v1/imports',
    body: {
      ...defaults,
      ...{ imageName: 'demo-needs-role', disks: [{ source }], tags: { team: 'web' } },
      ...{ role: 'verify', roleName: 'DemoImageImportRole' },
    },
  });
  const items = Array.from({ length: ITEMS }, (_, index) => ({
    imageName: `demo-fleet-${String(index + 1).padStart(2, '0')}`,
    disks: [{ source: MISSING.includes(index) ? `${source}.missing` : source }],
  }));
  await api.call({
    method: 'POST',
    path: '/v1/batches',
    body: { name: 'demo-fleet', policy: POLICY, defaults, items },
  });
  await api.call({ method: 'POST', path: '/v1/inspections', body: { source } });
}
