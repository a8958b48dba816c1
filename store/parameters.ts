/** The values of a statement whose conditions vary. */
export class Parameters {
  readonly values: unknown[] = [];

  /** @returns the parameter in the text of the statement: `$3` */
  add(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  addAll(values: readonly unknown[]): void {
    this.values.push(...values);
  }

  /** The number of the next parameter. */
  get next(): number {
    return this.values.length + 1;
  }
}
