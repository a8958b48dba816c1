/** Names of instance families, such as `ecs.g8i`: the vendor publishes no list of the current ones. */

/** Compute, general purpose and memory families: a letter, the generation, and letters for the processor. */
const ENTERPRISE = /^ecs\.[cgr](\d+)([a-z]*)$/;
/** Processors of the arm64 families: `r` (Ampere Altra) and `y` (Yitian). */
const ARM = /^[ry]/;
/** The newest generations of a region that count as current. */
const CURRENT_GENERATIONS = 2;

/**
 * The current families among those that a region offers, for an image of this architecture.
 * @param architecture null: not known, so none is expected to start the image
 */
export function currentFamilies(offered: readonly string[], architecture: string | null): readonly string[] {
  if (architecture === null) return [];
  const named = offered.flatMap((name) => {
    const [, generation, processor = ''] = ENTERPRISE.exec(name) ?? [];
    if (generation === undefined || ARM.test(processor) !== (architecture === 'arm64')) return [];
    return [{ name, generation: Number(generation) }];
  });
  const generations = [...new Set(named.map(({ generation }) => generation))].sort((one, other) => other - one);
  const current = generations.slice(0, CURRENT_GENERATIONS);
  return named.filter(({ generation }) => current.includes(generation)).map(({ name }) => name);
}
