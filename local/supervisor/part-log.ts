/** The log of one part: a file that rotates at a size limit, and its last lines in memory for error messages. */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

const RECENT_LINES = 40;

export class PartLog {
  private fd: number | null = null;
  private size = 0;
  private unfinished = '';
  private readonly recent: string[] = [];

  constructor(
    readonly file: string,
    private readonly limitBytes = 8 * 1024 * 1024,
  ) {}

  write(chunk: string): void {
    this.remember(chunk);
    try {
      if (this.size > this.limitBytes) this.rotate();
      const bytes = Buffer.from(chunk);
      writeSync(this.open(), bytes);
      this.size += bytes.length;
    } catch {
      // A full disk must not stop the parts. Their last lines are still in memory.
      this.close();
    }
  }

  /** The last lines that are not blank, oldest first. */
  lastLines(count: number): readonly string[] {
    const lines = this.unfinished.trim() === '' ? this.recent : [...this.recent, this.unfinished];
    return lines.slice(-count);
  }

  close(): void {
    if (this.fd !== null) closeSync(this.fd);
    this.fd = null;
  }

  private open(): number {
    if (this.fd === null) {
      this.fd = openSync(this.file, 'a', 0o600);
      this.size = fstatSync(this.fd).size;
    }
    return this.fd;
  }

  private rotate(): void {
    this.close();
    renameSync(this.file, `${this.file}.1`);
    this.size = 0;
  }

  private remember(chunk: string): void {
    const lines = (this.unfinished + chunk).split('\n');
    this.unfinished = (lines.pop() ?? '').slice(-4_096);
    this.recent.push(...lines.filter((line) => line.trim() !== '').map((line) => line.slice(0, 4_096)));
    this.recent.splice(0, Math.max(0, this.recent.length - RECENT_LINES));
  }
}
