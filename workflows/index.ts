/** All workflows that a worker serves. */
export { importImage } from './import-image.js';
