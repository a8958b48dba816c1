/** What this browser keeps between visits, without which the page works too: a browser can refuse its storage. */

const PREFIX = 'ecs-image-import.';

export function readPreference(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/** Null removes it. */
export function writePreference(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // Nothing is kept: the choice applies until the page is closed.
  }
}
