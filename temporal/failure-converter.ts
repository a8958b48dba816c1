/** The location of the failure converter, which the SDK loads by itself. */
import { existsSync } from 'node:fs';
import path from 'node:path';

const NAME = 'assets/failure-converter.cjs';

/** In the package's folder: beside this room, or beside `dist/`. */
export const failureConverterPath =
  ['..', '../..'].map((up) => path.join(import.meta.dirname, up, NAME)).find((file) => existsSync(file)) ?? NAME;
