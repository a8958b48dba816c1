// Reads pieces of files into shared memory and computes their CRC64, one after another. Plain JavaScript, because a thread
// of Node.js 20 cannot load TypeScript. alibaba/upload/reading-thread.ts starts it and describes the shared memory.
const { readSync } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');

const { module: compiled, memory, area, control, layout } = workerData;
const { update } = new WebAssembly.Instance(compiled, { m: { m: memory } }).exports;
const bytes = new Uint8Array(memory.buffer);
/** Read and checked in turn, so that the checksum finds them in the processor's cache. */
const BLOCK_BYTES = 512 * 1024;
const counters = new Int32Array(control);
const numbers = new Float64Array(control);
const states = new BigInt64Array(control);

/** The checksum's new state. Null: an error, or the file is shorter. The main thread reads the piece again and reports why. */
function readChecked(fd, position, address, length, before) {
  let state = before;
  try {
    for (let read = 0; read < length; ) {
      const count = readSync(fd, bytes, address + read, Math.min(BLOCK_BYTES, length - read), position + read);
      if (count === 0) return null;
      state = update(area, address + read, count, state);
      read += count;
    }
    return state;
  } catch {
    return null;
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
  const [fd, position, address, length] = ['fd', 'position', 'address', 'length'].map(
    (field) => numbers[entry + layout[field]],
  );
  const state = readChecked(fd, position, address, length, states[entry + layout.state]);
  if (state !== null) states[entry + layout.state] = state;
  numbers[entry + layout.isRead] = state === null ? 0 : 1;
  done = (done + 1) | 0;
  Atomics.store(counters, layout.done, done);
  // One message for all pieces that were read since the main thread looked.
  if (Atomics.exchange(counters, layout.isAnnounced, 1) === 0) parentPort.postMessage('done');
}
