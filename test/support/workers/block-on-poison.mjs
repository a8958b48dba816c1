// Loaded into the processes of a service (`NODE_OPTIONS=--import`): reading the properties of a file with `poison` in its
// name blocks the event loop, as a bug in an activity would.
import fs from 'node:fs/promises';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';

const { lstat } = fs;
fs.lstat = async (file, ...rest) => {
  const found = await lstat(file, ...rest);
  while (String(file).includes('poison'));
  return found;
};
syncBuiltinESMExports();

// An API blocks on a request whose path contains `poison`.
const { emit } = http.Server.prototype;
http.Server.prototype.emit = function emitUnlessPoisoned(event, ...args) {
  while (event === 'request' && String(args[0]?.url).includes('poison'));
  return emit.call(this, event, ...args);
};
