/**
 * Output of the commands: results go to stdout, messages about the progress of a command to stderr. Everything that a
 * command prints passes here, which makes it safe for a terminal.
 */
import { printable } from '../domain/printable.js';
import { type ColorMode, hasColor, rendered } from './style.js';

let colorMode: ColorMode = 'auto';
let messagesAreJson = false;
let partPrinted = false;

/** @param jsonMessages messages on stderr are JSON lines */
export function configureOutput(color: ColorMode, jsonMessages: boolean): void {
  partPrinted = false;
  colorMode = color;
  messagesAreJson = jsonMessages;
}

export function print(text: string): void {
  process.stdout.write(`${onScreen(text, process.stdout)}\n`);
}

export function say(line: string): void {
  const text = messagesAreJson ? JSON.stringify({ type: 'message', message: rendered(line, false) }) : line;
  process.stderr.write(`${onScreen(text, process.stderr)}\n`);
}

/** Text with its colours if the stream shows them. */
export function onScreen(text: string, stream: { readonly isTTY?: boolean }): string {
  return rendered(text, hasColor(colorMode, stream, process.env));
}

/** As `print`, but waits for a slow reader: a long result does not pile up in memory. */
export async function printInOrder(text: string): Promise<void> {
  await write(`${onScreen(text, process.stdout)}\n`);
}

/** Without a line break. */
export async function printPart(text: string): Promise<void> {
  partPrinted = true;
  await write(printable(text));
}

/** Whether stdout has the beginning of a document: another one after it would be no JSON. */
export function hasPrintedPart(): boolean {
  return partPrinted;
}

/** Characters in a row of the terminal; null: the output is not a terminal, and rows have any length. */
export function outputColumns(): number | null {
  return process.stdout.isTTY === true ? (process.stdout.columns ?? 80) : null;
}

/** Prints a text while it is received, without adding a line break. Waits for a slow reader. */
export async function printStream(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let held = '';
  for await (const chunk of chunks) {
    const text = held + decoder.decode(chunk, { stream: true });
    // A carriage return is printable only before a line feed, which may be in the next chunk.
    held = text.endsWith('\r') ? '\r' : '';
    await write(printable(text.slice(0, text.length - held.length)));
  }
  await write(printable(held + decoder.decode()));
}

async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
}

/**
 * Ends a command with exit code 0 when the reader of its output closes the pipe, as `… | head -1` does. Output that is lost
 * for another reason, such as a full disk, is a failure.
 */
export function exitWhenReaderCloses(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    say(`The output could not be written: ${error.message}. Check the file or program that it goes to.`);
    process.exit(1);
  });
  process.stderr.on('error', () => undefined);
}

/** For servers: they continue without a reader of their output, because clients still use them. */
export function continueWhenReaderCloses(): void {
  process.stdout.removeAllListeners('error');
  process.stdout.on('error', () => undefined);
}

/**
 * Resolves when everything that was printed has reached its reader. Writes to a pipe are asynchronous: `process.exit`
 * drops what does not fit into the pipe's buffer (64 KiB on Linux).
 */
export async function flushOutput(): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(flush));
}

function flush(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.destroyed || stream.writableEnded) return Promise.resolve();
  // The callback comes after all earlier writes, and also when the reader has closed the pipe.
  return new Promise((resolve) => stream.write('', () => resolve()));
}
