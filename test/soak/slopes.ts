/** The trend of a measured series, robust against single outliers. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Trend {
  /** Median of all slopes between two points (Theil–Sen); y per x. */
  readonly slope: number;
  readonly median: number;
  /** Median distance of the points from the trend line. */
  readonly noise: number;
}

export function trendOf(points: readonly Point[]): Trend {
  const slopes = points.flatMap((one, index) =>
    points.slice(index + 1).flatMap((other) => (other.x === one.x ? [] : [(other.y - one.y) / (other.x - one.x)])),
  );
  const slope = medianOf(slopes);
  const offset = medianOf(points.map(({ x, y }) => y - slope * x));
  return {
    slope,
    median: medianOf(points.map(({ y }) => y)),
    noise: medianOf(points.map(({ x, y }) => Math.abs(y - slope * x - offset))),
  };
}

/** A change over the whole run that is neither noise nor small. */
export function grows({ slope, median, noise }: Trend, span: number, tolerance: number): boolean {
  const change = slope * span;
  return change > tolerance * Math.max(median, 1) && change > 4 * noise;
}

function medianOf(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle) - 1] ?? 0)) / 2;
}
