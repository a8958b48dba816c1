/** The steps of `doctor --verify-against-cloud`, as text. */
import type { AssumptionResult } from '../alibaba/verify-assumptions.js';
import { clean } from './format.js';

const OUTCOMES: Readonly<Record<AssumptionResult['outcome'], string>> = {
  'as-assumed': 'as assumed',
  different: 'DIFFERENT',
  'not-seen': 'not seen',
  'by-hand': 'check by hand',
};

interface Given {
  readonly region: string | null;
  readonly bucket: string | null;
}

export function assumptionsText(results: readonly AssumptionResult[], given: Given): string {
  const topics = [...new Set(results.map(({ topic }) => topic))];
  const count = (outcome: AssumptionResult['outcome']) => results.filter((result) => result.outcome === outcome).length;
  let number = 0;
  const lines = topics.flatMap((topic) => [
    topic,
    ...results
      .filter((result) => result.topic === topic)
      .flatMap((result) => {
        number += 1;
        return stepLines(number, result, given);
      }),
    '',
  ]);
  return [
    'what the service assumes about the cloud (docs/cloud.md):',
    '',
    ...lines,
    `${count('as-assumed')} as assumed, ${count('different')} different, ${count('not-seen')} not seen, ${count('by-hand')} to check by hand`,
    ...(count('different') === 0 ? [] : ['Please report each difference with the answer of the cloud.']),
  ].join('\n');
}

function stepLines(number: number, result: AssumptionResult, given: Given): readonly string[] {
  const { id, assumed, steps, otherwise, outcome, seen } = result;
  const isOpen = outcome !== 'as-assumed';
  return [
    `${String(number).padStart(4)}. ${id}: ${OUTCOMES[outcome]}`,
    `      assumed: ${assumed}`,
    ...(seen === null ? [] : [`      seen: ${clean(seen)}`]),
    ...(isOpen ? steps.map((step, index) => `      ${index === 0 ? 'check: ' : '       '}${fill(step, given)}`) : []),
    ...(isOpen ? [`      if different: ${otherwise}`] : []),
  ];
}

/** The words in capitals that the options give a value. */
function fill(step: string, { region, bucket }: Given): string {
  return step.replace(/(?<![-\w])REGION\b/g, region ?? 'REGION').replace(/(?<![-\w])BUCKET\b/g, bucket ?? 'BUCKET');
}
