/** Figures as the tables of docs/performance.md have them. */

export function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  console.log(`\n${title}\n\n${[head, head.map(() => '---'), ...rows].map(line).join('\n')}`);
}

/** `digits` behind the point; nothing where the figure is not to be had. */
export function mebibytes(bytes: number | undefined, digits = 0): string {
  return bytes === undefined ? '' : (bytes / 1024 ** 2).toFixed(digits);
}

export function middle(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
}
