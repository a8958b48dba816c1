/** As many activities as an import has, and nothing in them: what the Temporal server itself can do. */
import { proxyActivities } from '@temporalio/workflow';

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({ startToCloseTimeout: '1 minute' });

export async function plain(activities: number): Promise<void> {
  for (let done = 0; done < activities; done++) await nothing();
}
