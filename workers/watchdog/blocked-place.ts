/** Asks a blocked main thread where it is and which activity it runs, through the debugger, which interrupts running code. */
import inspector from 'node:inspector';
import { parseRunningActivity, READ_RUNNING_ACTIVITY, type RunningActivity } from './running-activity.js';

export interface BlockedPlace {
  /** Null: it could not be determined. */
  readonly activity: RunningActivity | null;
  /** The innermost calls, one a line. */
  readonly stack: string;
}

const FRAMES = 12;

/** Null if the thread does not respond in time: it is in native code, which cannot be interrupted. */
export function findBlockedPlace(withinMs: number): Promise<BlockedPlace | null> {
  return new Promise((resolve) => {
    const session = new inspector.Session();
    const timer = setTimeout(() => resolve(null), withinMs);
    const end = (place: BlockedPlace | null) => {
      clearTimeout(timer);
      resolve(place);
    };
    const urls = new Map<string, string>();
    session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => urls.set(scriptId, url));
    session.on('Debugger.paused', ({ params: { callFrames } }) => {
      const stack = callFrames
        .slice(0, FRAMES)
        .map(({ functionName, location: { scriptId, lineNumber } }) => {
          const file = urls.get(scriptId) ?? '';
          return `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`;
        })
        .join('\n');
      const frames = [...callFrames];
      // The code of some internal frames cannot reach global names: ask the frame that called it.
      const askNext = () => {
        const frame = frames.shift();
        if (frame === undefined) return end({ activity: null, stack });
        const question = { callFrameId: frame.callFrameId, expression: READ_RUNNING_ACTIVITY, silent: true };
        session.post(
          'Debugger.evaluateOnCallFrame',
          question,
          (error: Error | null, answer: inspector.Debugger.EvaluateOnCallFrameReturnType) => {
            if (error !== null || typeof answer.result.value !== 'string') askNext();
            else end({ activity: parseRunningActivity(answer.result.value), stack });
          },
        );
      };
      askNext();
    });
    try {
      session.connectToMainThread();
      session.post('Debugger.enable', () => session.post('Debugger.pause'));
    } catch {
      end(null);
    }
  });
}
