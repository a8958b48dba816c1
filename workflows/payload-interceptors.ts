/**
 * Lets a workflow run, and take signals, queries and updates, only if this service sent them; seals what it sends itself
 * (domain/sealed.ts). Without payload keys, nothing is sealed, and nothing is checked.
 */
import {
  ApplicationFailure,
  log,
  uuid4,
  type WorkflowInboundCallsInterceptor,
  type WorkflowInterceptorsFactory,
  type WorkflowOutboundCallsInterceptor,
  workflowInfo,
} from '@temporalio/workflow';
import { LATE_CHECK_WORKFLOW } from '../domain/process-names.js';
import { NOT_STARTED_HERE, type Opened, open, refusalMessage, type SealedFor, seal } from '../domain/sealed.js';

interface Sealing {
  /** Worker and clients encrypt payloads, so this workflow seals its calls. */
  encrypts: boolean;
  /** Started before payloads were encrypted: what was sent to it at that time is plain. */
  isOld: boolean;
}

/** The SDK calls it once for each workflow. */
export const interceptors: WorkflowInterceptorsFactory = () => {
  // The strictest until the start is known.
  const sealing: Sealing = { encrypts: true, isOld: false };
  return { inbound: [inbound(sealing)], outbound: [outbound(sealing)] };
};

function inbound(sealing: Sealing): WorkflowInboundCallsInterceptor {
  /** Refuses plain arguments as well, unless the workflow may get them. */
  const openFor = (expected: SealedFor, args: readonly unknown[]): Opened => {
    const opened = open(expected, args);
    if (opened.kind !== 'plain' || !sealing.encrypts || sealing.isOld) return opened;
    return { kind: 'refused', reason: 'the payload is not encrypted' };
  };
  /** Throws if the arguments are refused. Temporal then rejects the query or update, and writes no event. */
  const argsOf = (expected: SealedFor, args: readonly unknown[]): unknown[] => {
    const opened = openFor(expected, args);
    if (opened.kind === 'refused') throw refusal(`${expected.kind} ${expected.name}`, opened.reason);
    return [...opened.args];
  };

  return {
    async execute(input, next) {
      const { workflowType: name } = workflowInfo();
      const opened = open({ kind: 'start', name }, input.args);
      const problem = problemOfStart(name, opened);
      if (problem !== null || opened.kind === 'refused') {
        throw refusal(`workflow ${name}`, problem ?? 'the payload was refused');
      }
      sealing.isOld = opened.kind === 'plain';
      sealing.encrypts = opened.kind === 'sealed' || opened.encrypts;
      return await next({ ...input, args: [...opened.args] });
    },

    async handleSignal(input, next) {
      const opened = openFor({ kind: 'signal', name: input.signalName }, input.args);
      // An error would fail the workflow: the import must not suffer from the signal.
      if (opened.kind === 'refused') log.warn('signal refused', { signal: input.signalName, reason: opened.reason });
      else await next({ ...input, args: [...opened.args] });
    },

    async handleQuery(input, next) {
      // Temporal's own queries and those of its command line have no arguments. The answer is encrypted.
      if (input.args.length === 0) return await next(input);
      return await next({ ...input, args: argsOf({ kind: 'query', name: input.queryName }, input.args) });
    },

    validateUpdate(input, next) {
      next({ ...input, args: argsOf({ kind: 'update', name: input.name }, input.args) });
    },

    async handleUpdate(input, next) {
      return await next({ ...input, args: argsOf({ kind: 'update', name: input.name }, input.args) });
    },
  };
}

/** Why the workflow must not run; null: it may. */
function problemOfStart(name: string, opened: Opened): string | null {
  if (opened.kind === 'refused') return opened.reason;
  if (opened.kind === 'plain') {
    const [input] = opened.args;
    const hasInput = typeof input === 'object' && input !== null;
    // Without payloads, no codec has decided. The activity of this workflow then decides.
    return hasInput || name === LATE_CHECK_WORKFLOW ? null : 'it has no input';
  }
  const { startBefore } = opened.call;
  const isLate = startBefore !== undefined && workflowInfo().startTime.getTime() > startBefore;
  return isLate ? 'the payload was written for an earlier start' : null;
}

function outbound(sealing: Sealing): WorkflowOutboundCallsInterceptor {
  const sealedFor = (expected: SealedFor, args: readonly unknown[]): unknown[] =>
    sealing.encrypts ? [seal(expected, args)] : [...args];

  return {
    async scheduleActivity(input, next) {
      if (!sealing.encrypts) return await next(input);
      const { activityType: name } = input;
      const call = uuid4();
      const result = await next({ ...input, args: [seal({ kind: 'activity', name }, input.args, { call })] });
      const opened = open({ kind: 'result', name }, [result]);
      if (opened.kind === 'sealed' && opened.call.call === call) return opened.args[0];
      // Completed by a worker of an earlier version.
      if (opened.kind === 'plain' && sealing.isOld) return opened.args[0];
      throw ApplicationFailure.nonRetryable(
        `the result of activity ${name} is refused: ${opened.kind === 'refused' ? opened.reason : 'it is not that of this call'}`,
        NOT_STARTED_HERE,
      );
    },

    async startChildWorkflowExecution(input, next) {
      const args = sealedFor({ kind: 'start', name: input.workflowType }, input.options.args);
      return await next({ ...input, options: { ...input.options, args } });
    },

    async signalWorkflow(input, next) {
      await next({ ...input, args: sealedFor({ kind: 'signal', name: input.signalName }, input.args) });
    },

    async continueAsNew(input, next) {
      const name = input.options.workflowType;
      return await next({ ...input, args: sealedFor({ kind: 'start', name }, input.args) });
    },
  };
}

function refusal(what: string, reason: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(refusalMessage(what, reason), NOT_STARTED_HERE);
}
