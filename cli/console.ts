/** What is printed where: results on stdout, everything that is only said to a person on stderr. */

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * A reader that went away (`… | head -1`) ends a command that only prints. Servers go on: nobody may be reading their
 * lines any more, but others use them.
 */
export function endWhenNobodyReads(): void {
  process.stdout.on('error', () => process.exit(0));
}

export function goOnWhenNobodyReads(): void {
  process.stdout.removeAllListeners('error');
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
}
