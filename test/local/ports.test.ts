import net from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { isFree, portPicker, requireFreePort } from '../../local/supervisor/ports.js';

const servers: net.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(port: number): Promise<number> {
  const server = net.createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

test('the port of the last run → picked again if it is still free', async () => {
  const before = await portPicker()();
  expect(await portPicker()(before)).toBe(before);
  await listen(before);
  expect(await portPicker()(before)).not.toBe(before);
});

test('one picker → never the same port twice, and no ephemeral port', async () => {
  const pick = portPicker();
  const ports = await Promise.all(Array.from({ length: 50 }, () => pick()));
  expect(new Set(ports).size).toBe(50);
  expect(Math.max(...ports)).toBeLessThan(32_768);
});

test('a chosen port that is in use → error with the port and the option', async () => {
  const port = await listen(0);
  expect(await isFree(port)).toBe(false);
  await expect(requireFreePort(port, '--port')).rejects.toThrow(new RegExp(`port ${port} is in use.*--port`));
});
