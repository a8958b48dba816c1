/** The words of an image name, as lists search for them. */

/** `fleet-web_01.2` → fleet, web, 01, 2. The index of the store splits names in the same way. */
export function wordsOf(name: string): readonly string[] {
  return name.split(/[.:_ -]+/).filter((word) => word !== '');
}
