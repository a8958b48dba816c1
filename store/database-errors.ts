/** The errors that connections to PostgreSQL reported: an error of a socket does not say to which server it was connected. */

const reported = new WeakSet<Error>();

/** Marks an error as one of PostgreSQL, and returns it. */
export function ofDatabase(error: unknown): unknown {
  if (error instanceof Error) reported.add(error);
  return error;
}

export function isOfDatabase(error: Error): boolean {
  return reported.has(error);
}
