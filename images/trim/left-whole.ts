/** Why the free space of a volume is not trimmed. Not an error: the volume is uploaded as it is. */
export class LeftWhole extends Error {
  override readonly name = 'LeftWhole';
}

export function leaveWholeIf(condition: boolean, reason: string): void {
  if (condition) throw new LeftWhole(reason);
}
