/** A workflow with as many activities as an import, all empty, to measure the limit of the Temporal server. */
import { proxyActivities } from '@temporalio/workflow';

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({ startToCloseTimeout: '1 minute' });

export async function plain(activities: number): Promise<void> {
  for (let done = 0; done < activities; done++) await nothing();
}
