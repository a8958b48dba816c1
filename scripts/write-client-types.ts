/** Writes the types of the client from the OpenAPI document: `npm run client`. */
import { writeFile } from 'node:fs/promises';
import { CLIENT_TYPES, clientTypes } from '../test/support/api/client-types.js';

await writeFile(CLIENT_TYPES, await clientTypes());
