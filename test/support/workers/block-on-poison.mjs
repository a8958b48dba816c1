// Loaded into the processes of a service (`NODE_OPTIONS=--import`): reading the properties of a file with `poison` in its
// name blocks the event loop, as a bug in an activity would.
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const { lstat } = fs;
fs.lstat = async (file, ...rest) => {
  const found = await lstat(file, ...rest);
  while (String(file).includes('poison'));
  return found;
};
syncBuiltinESMExports();
