/** Prints results as the Markdown tables of docs/performance.md. */

export function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  console.log(`\n${title}\n\n${[head, head.map(() => '---'), ...rows].map(line).join('\n')}`);
}

/** `digits` is the number of decimals. An unknown value is an empty text. */
export function mebibytes(bytes: number | undefined, digits = 0): string {
  return bytes === undefined ? '' : (bytes / 1024 ** 2).toFixed(digits);
}

export function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
}
