/** The workflow of batches, with imports that end immediately. */
export { runBatch } from '../../../workflows/run-batch.js';

export async function importImage(): Promise<void> {
  // A test counts how often it is started.
}
