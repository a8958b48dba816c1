/** When a process dies, told in calls: to the database and to the cloud. */

/** Of one process: how many calls that change something it may make until it dies. */
export class Life {
  private made = 0;
  private underWay = 0;
  private dead = false;
  private last: string | null = null;
  private tell: (last: string) => void = () => undefined;
  /** The name of the last call, once it and all others that were under way are done. Never, where it lives. */
  readonly end = new Promise<string>((resolve) => {
    this.tell = resolve;
  });

  constructor(private readonly calls: number) {}

  get hasDied(): boolean {
    return this.dead;
  }

  /** The call is done; its answer is never heard where it was the last one. */
  async through<Answer>(name: string, reads: boolean, call: () => Promise<Answer>): Promise<Answer> {
    if (this.dead) throw new Error('the process is dead');
    if (!reads) this.made += 1;
    const isLast = !reads && this.made === this.calls;
    this.underWay += 1;
    try {
      const answer = await call();
      if (!isLast && !this.dead) return answer;
    } finally {
      this.underWay -= 1;
      if (isLast) {
        this.dead = true;
        this.last = `change ${this.calls}, ${name}`;
      }
      if (this.last !== null && this.underWay === 0) this.tell(this.last);
    }
    throw new Error('the process is dead');
  }
}

/** Methods of the stores and of the cloud that change nothing; what is forgotten here is one death more. */
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
/** The part as a process has it: its calls are counted, and do nothing once it is dead. */
export function mortal<Part extends object>(label: string, part: Part, life: Life): Part {
  return new Proxy(part, {
    get(target, name) {
      const call: unknown = Reflect.get(target, name);
      if (typeof call !== 'function') return call;
      return (...args: unknown[]) => {
        const told = args.find((arg) => typeof arg === 'object' && arg !== null && 'kind' in arg && 'status' in arg);
        const what = told === undefined ? '' : ` ${JSON.stringify(told)}`;
        const reads = READS.includes(String(name));
        return life.through(`${label}.${String(name)}${what}`, reads, async () => Reflect.apply(call, target, args));
      };
    },
  });
}
