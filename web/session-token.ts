/** One half of the session of this browser. The other half is a cookie that scripts cannot read. */
import { signal } from '@preact/signals';
import { readPreference, writePreference } from './preferences.js';

const NAME = 'session';

const token = signal(readPreference(NAME));

export function sessionToken(): string | null {
  return token.value;
}

export function keepSessionToken(next: string | null): void {
  token.value = next;
  writePreference(NAME, next);
}

/** Another tab signed in or out. */
export function onSessionChange(run: () => void): void {
  addEventListener('storage', ({ key }) => {
    if (key !== `ecs-image-import.${NAME}`) return;
    token.value = readPreference(NAME);
    run();
  });
}
