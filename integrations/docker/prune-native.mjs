// Removes the native libraries of Temporal's SDK for other systems than this one: `node integrations/docker/prune-native.mjs`, in the
// folder with node_modules.
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

const releases = path.resolve('node_modules/@temporalio/core-bridge/releases');
const architecture = { x64: 'x86_64', arm64: 'aarch64' }[process.arch];
const own = readdirSync(releases).filter(
  (name) => name.startsWith(`${architecture}-`) && name.includes(process.platform),
);
if (own.length !== 1) throw new Error(`${releases} has no library for ${process.platform} on ${process.arch}`);
for (const name of readdirSync(releases)) {
  if (name !== own[0]) rmSync(path.join(releases, name), { recursive: true });
}
