/** `payload-keys rotate`: a new key encrypts the payloads of the embedded stack from now on. */
import type { Command } from 'commander';
import { defaultDataDir } from '../../local/supervisor/folders.js';
import { payloadKeysFile, rotatePayloadKeys } from '../../local/supervisor/payload-keys-file.js';
import { print, say } from '../console.js';
import { printDocument } from '../document.js';
import { globalsOf } from '../globals.js';

interface PayloadKeysOptions {
  readonly data?: string;
}

export function addPayloadKeys(program: Command): void {
  const keys = program
    .command('payload-keys')
    .description('the keys that encrypt the payloads of the embedded Temporal server');
  keys
    .command('rotate')
    .description('add a key, which encrypts from now on; the old keys still decrypt; needs no restart')
    .option('--data <dir>', `data folder of up (default: ${defaultDataDir(process.env)})`)
    .action(async (_options, command: Command) => {
      const { data: dataDir = defaultDataDir(process.env) } = command.opts<PayloadKeysOptions>();
      const id = await rotatePayloadKeys(dataDir);
      const file = payloadKeysFile(dataDir);
      const globals = globalsOf(command);
      if (globals.json) return printDocument(globals, { key: id, file });
      print(`key ${id} encrypts from now on; a running up reads it within 10 seconds`);
      say(`add ${file} to the backup again; docs/temporal.md says when an old key may be removed`);
    });
}
