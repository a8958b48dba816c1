/** A TCP proxy before the cloud that treats bodies in chunked encoding in its own way. */
import net, { type AddressInfo } from 'node:net';

export interface ChunkProxy {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** Requests in chunked encoding so far. */
  readonly chunked: number;
  close(): void;
}

const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const REFUSAL =
  '<Error><Code>MissingContentLength</Code><Message>You must provide the Content-Length HTTP header.</Message></Error>';

/**
 * @param how `pass`: unchanged. `refuse`: each such request is answered with 411. `lose-last-chunk`: the first one arrives
 *   without its last chunk, which is empty, and its connection ends
 */
export async function startChunkProxy(cloud: string, how: 'pass' | 'refuse' | 'lose-last-chunk'): Promise<ChunkProxy> {
  const [host = '', port = ''] = cloud.split(':');
  let chunked = 0;
  let lost = 0;
  const server = net.createServer((client) => {
    const onward = net.connect(Number(port), host);
    let isChunked = false;
    client.on('data', (bytes) => {
      if (/^PUT [^\0]*transfer-encoding: chunked/i.test(bytes.subarray(0, 4096).toString('latin1'))) {
        chunked += 1;
        isChunked = true;
        if (how === 'refuse') {
          client.end(
            `HTTP/1.1 411 Length Required\r\ncontent-type: application/xml\r\ncontent-length: ${REFUSAL.length}\r\n\r\n${REFUSAL}`,
          );
          onward.destroy();
          return;
        }
      }
      if (
        how === 'lose-last-chunk' &&
        isChunked &&
        lost === 0 &&
        bytes.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)
      ) {
        lost += 1;
        onward.end(bytes.subarray(0, -LAST_CHUNK.length));
        client.destroy();
        return;
      }
      if (!onward.write(bytes)) {
        client.pause();
        onward.once('drain', () => client.resume());
      }
    });
    client.on('close', () => onward.destroySoon()).on('error', () => onward.destroy());
    onward.on('data', (bytes) => client.write(bytes));
    onward.on('close', () => client.destroySoon()).on('error', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // The address of a listening TCP server is not a string.
  const { port: own } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${own}`,
    get chunked() {
      return chunked;
    },
    close: () => void server.close(),
  };
}
