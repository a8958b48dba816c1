/** Builds the page into dist/web. `npm run page` serves it with reloads, and sends its requests to the API of ECS_IMPORT_API. */
import path from 'node:path';
import { defineConfig } from 'vite';

const api = process.env.ECS_IMPORT_API ?? 'http://127.0.0.1:8080';

export default defineConfig({
  root: path.join(import.meta.dirname, '../web'),
  // The page works below any path.
  base: './',
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    // Its policy allows no inline code and no data URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 300,
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: {
    // As a page of the API itself: it refuses changes that come from another origin.
    proxy: { '/v1': { target: api, changeOrigin: true, headers: { origin: api } }, '/readyz': { target: api } },
  },
});
