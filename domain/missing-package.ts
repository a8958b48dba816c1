/** The package that a failed import did not find: an install without optional packages has the client alone. */
export function missingPackage(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  if (error.code !== 'ERR_MODULE_NOT_FOUND' && error.code !== 'MODULE_NOT_FOUND') return null;
  return /Cannot find (?:package|module) '([^'./][^']*)'/.exec(error.message)?.[1] ?? null;
}

export const INSTALL_SERVER_PARTS = 'npm install --include=optional ecs-image-import';
