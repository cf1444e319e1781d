import { status } from '@grpc/grpc-js';
import type { Random } from '../random.js';
import type { Task } from './protos.js';

/** What is to become of one call. */
export interface CallPlan {
  kind: 'Unary' | 'ClientStream' | 'ServerStream' | 'Bidi';
  task: Task;
  /** Messages that the caller sends. */
  requests: number;
  /** Milliseconds, if it has a deadline. */
  deadlineMs: number | undefined;
  /** Milliseconds until it is cancelled, if it is; 0 does so at once. */
  cancelAfterMs: number | undefined;
  expected: readonly status[];
}

/** Bytes of the largest message: small ones, of which a call has few, are what wears an engine out. */
const LARGEST_MESSAGE = 200;
const MOST_MESSAGES = 4;

const CANCELLED_SHARE = 0.3;
const EXPIRING_SHARE = 0.05;
const REFUSED_SHARE = 0.05;
/** Of those that are answered: their timers have to go with them. */
const LONG_DEADLINE_SHARE = 0.2;
const LONG_DEADLINE_MS = 600_000;

/** Half of all calls are unary. */
const KINDS = ['Unary', 'Unary', 'Unary', 'ClientStream', 'ServerStream', 'Bidi'] as const;

type Fate = Pick<CallPlan, 'expected' | 'deadlineMs' | 'cancelAfterMs'> & Pick<Task, 'action'>;

export function planCall(random: Random): CallPlan {
  const { action, ...fate } = pickFate(random);
  return {
    kind: random.pick(KINDS),
    task: {
      data: Buffer.alloc(random.between(0, LARGEST_MESSAGE), random.between(0, 255)),
      action,
      replies: random.between(0, MOST_MESSAGES),
    },
    requests: random.between(1, MOST_MESSAGES),
    ...fate,
  };
}

function pickFate(random: Random): Fate {
  const none = { deadlineMs: undefined, cancelAfterMs: undefined };
  const dice = random.next();
  if (dice < CANCELLED_SHARE) return cancelled(random);
  if (dice < CANCELLED_SHARE + EXPIRING_SHARE) {
    const deadlineMs = random.between(1, 20);
    return { ...none, action: 'HOLD', deadlineMs, expected: [status.DEADLINE_EXCEEDED] };
  }
  if (dice < CANCELLED_SHARE + EXPIRING_SHARE + REFUSED_SHARE) {
    return { ...none, action: 'REFUSE', expected: [status.FAILED_PRECONDITION] };
  }
  const deadlineMs = random.chance(LONG_DEADLINE_SHARE) ? LONG_DEADLINE_MS : undefined;
  return { ...none, action: 'ANSWER', deadlineMs, expected: [status.OK] };
}

/** Of half of them the answer and the cancellation race: then either may come first. */
function cancelled(random: Random): Fate {
  const cancelAfterMs = random.between(0, 5);
  const deadlineMs = random.chance(LONG_DEADLINE_SHARE) ? LONG_DEADLINE_MS : undefined;
  return random.chance(0.5)
    ? { action: 'HOLD', expected: [status.CANCELLED], deadlineMs, cancelAfterMs }
    : { action: 'ANSWER', expected: [status.CANCELLED, status.OK], deadlineMs, cancelAfterMs };
}
