/** All workflows that a worker serves. */
export { checkLate } from './check-late.js';
export { importImage } from './import-image.js';
export { inspectImage } from './inspect-image.js';
export { runBatch } from './run-batch.js';
export { sweepOrphans } from './sweep-orphans.js';
/** The SDK runs the default export for any other type. */
export { unknownWorkflow as default } from './unknown.js';
