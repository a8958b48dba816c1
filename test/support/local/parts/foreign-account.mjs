// Runs as another account: tries to use every port as Temporal, and as a page in a browser would. Arguments: ports. Prints what
// answered, as one line of JSON.
import http2 from 'node:http2';

const FRONTEND = '/temporal.api.workflowservice.v1.WorkflowService';
/** Without arguments: a server that runs these for anyone runs all others. */
const CALLS = ['GetSystemInfo', 'ListNamespaces', 'StartWorkflowExecution'];
const CHANGES = [
  '/v1/imports',
  '/v1/orphans',
  '/_emulator/reset',
  '/_emulator/settings',
  '/api/v1/namespaces/default/workflows/forged',
  '/temporal/api/v1/namespaces/default/workflows/forged',
];

/** The gRPC status of an empty call; null: no gRPC server answers. 2 and more includes 16, `unauthenticated`. */
function call(scheme, port, method) {
  return new Promise((resolve) => {
    const session = http2.connect(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false });
    const end = (answer) => {
      session.destroy();
      resolve(answer);
    };
    setTimeout(end, 3_000, null).unref();
    session.on('error', () => end(null));
    session.on('close', () => end(null));
    const headers = {
      ':method': 'POST',
      ':path': `${FRONTEND}/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    };
    const stream = session.request(headers);
    const read = (answer) => answer['grpc-status'] !== undefined && end(Number(answer['grpc-status']));
    stream.on('response', read);
    stream.on('trailers', read);
    stream.on('error', () => end(null));
    stream.on('end', () => end(null));
    stream.resume();
    stream.end(Buffer.alloc(5));
  });
}

async function post(port, path) {
  const headers = { origin: 'http://foreign.example', 'sec-fetch-site': 'cross-site', 'content-type': 'text/plain' };
  const options = { method: 'POST', headers, body: '{}', signal: AbortSignal.timeout(3_000) };
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, options).catch(() => null);
  return answer === null ? null : answer.status;
}

const answered = [];
for (const port of process.argv.slice(2).map(Number)) {
  for (const scheme of ['http', 'https']) {
    for (const method of CALLS) {
      const status = await call(scheme, port, method);
      if (status !== null) answered.push({ port, what: `${scheme} ${method}: gRPC ${status}` });
    }
  }
  for (const path of CHANGES) {
    const status = await post(port, path);
    if (status !== null && status < 400) answered.push({ port, what: `POST ${path}: ${status}` });
  }
}
process.stdout.write(`${JSON.stringify({ uid: process.getuid(), answered })}\n`);
