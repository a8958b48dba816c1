// Reads pieces of files into shared memory and computes their CRC64, one after another. Plain JavaScript, because a thread
// of Node.js 20 cannot load TypeScript. alibaba/upload/reading-thread.ts starts it and describes the shared memory.
const { readSync } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');

const { module: compiled, memory, area, control, layout } = workerData;
const { update } = new WebAssembly.Instance(compiled, { m: { m: memory } }).exports;
const bytes = new Uint8Array(memory.buffer);
const counters = new Int32Array(control);
const numbers = new Float64Array(control);
const states = new BigInt64Array(control);

/** False: an error, or the file is shorter. The main thread reads the piece again and reports why. */
function fill(fd, position, address, length) {
  try {
    for (let filled = 0; filled < length; ) {
      const count = readSync(fd, bytes, address + filled, length - filled, position + filled);
      if (count === 0) return false;
      filled += count;
    }
    return true;
  } catch {
    return false;
  }
}

parentPort.postMessage('ready');
for (let done = 0; ; ) {
  const wanted = Atomics.load(counters, layout.wanted);
  if (wanted === done) {
    Atomics.wait(counters, layout.wanted, wanted);
    continue;
  }
  const entry = layout.entries + (done & (layout.slots - 1)) * layout.entryFields;
  const address = numbers[entry + layout.address];
  const length = numbers[entry + layout.length];
  const isRead = fill(numbers[entry + layout.fd], numbers[entry + layout.position], address, length);
  if (isRead) states[entry + layout.state] = update(area, address, length, states[entry + layout.state]);
  numbers[entry + layout.isRead] = isRead ? 1 : 0;
  done = (done + 1) | 0;
  Atomics.store(counters, layout.done, done);
  // One message for all pieces that were read since the main thread looked.
  if (Atomics.exchange(counters, layout.isAnnounced, 1) === 0) parentPort.postMessage('done');
}
