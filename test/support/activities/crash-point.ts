/** The crash point of a simulated process, counted in calls to the database and the cloud. */

/** One simulated process: it crashes after a number of calls that change something. */
export class CrashPoint {
  private made = 0;
  private underWay = 0;
  private crashed = false;
  private last: string | null = null;
  private resolveEnd: (last: string) => void = () => undefined;
  /** Resolves with the name of the last call after it and all concurrent calls have ended; never without a crash. */
  readonly end = new Promise<string>((resolve) => {
    this.resolveEnd = resolve;
  });

  constructor(private readonly calls: number) {}

  get hasCrashed(): boolean {
    return this.crashed;
  }

  /** Runs a call. The caller never receives the response of the last one. */
  async through<Answer>(name: string, reads: boolean, call: () => Promise<Answer>): Promise<Answer> {
    if (this.crashed) throw new Error('the process has crashed');
    if (!reads) this.made += 1;
    const isLast = !reads && this.made === this.calls;
    this.underWay += 1;
    try {
      const answer = await call();
      if (!isLast && !this.crashed) return answer;
    } finally {
      this.underWay -= 1;
      if (isLast) {
        this.crashed = true;
        this.last = `change ${this.calls}, ${name}`;
      }
      if (this.last !== null && this.underWay === 0) this.resolveEnd(this.last);
    }
    throw new Error('the process has crashed');
  }
}

/** Methods of the stores and of the cloud that change nothing. A method that is missing here only adds a crash point. */
const READS: readonly string[] = [
  'ledger',
  'get',
  'progressOf',
  'events',
  'usedBy',
  'find',
  'digest',
  'parts',
  'listUploads',
];
/** Wraps a dependency of a process: its calls are counted, and have no effect after the crash. */
export function countCalls<Part extends object>(label: string, part: Part, crashPoint: CrashPoint): Part {
  return new Proxy(part, {
    get(target, name) {
      const call: unknown = Reflect.get(target, name);
      if (typeof call !== 'function') return call;
      return (...args: unknown[]) => {
        const entry = args.find((arg) => typeof arg === 'object' && arg !== null && 'kind' in arg && 'status' in arg);
        const what = entry === undefined ? '' : ` ${JSON.stringify(entry)}`;
        const reads = READS.includes(String(name));
        return crashPoint.through(`${label}.${String(name)}${what}`, reads, async () =>
          Reflect.apply(call, target, args),
        );
      };
    },
  });
}
