import { status, type CallOptions, type ServiceError } from '@grpc/grpc-js';
import type { Ending } from './call-book.js';
import type { CallPlan } from './call-plan.js';
import type { Blob, SoakClient } from './protos.js';

interface Cancellable {
  cancel(): void;
}

type OnEnd = (ending: Ending) => void;

/** Makes the call that `plan` says. `onEnd` is told each time that the stub says it has ended. */
export function makeCall(client: SoakClient, plan: CallPlan, onEnd: OnEnd): void {
  const { deadlineMs, cancelAfterMs } = plan;
  let timer: NodeJS.Timeout | undefined;
  const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
  const call = KINDS[plan.kind](client, plan, options, (ending) => {
    clearTimeout(timer);
    onEnd(ending);
  });
  if (cancelAfterMs === 0) call.cancel();
  else if (cancelAfterMs !== undefined) timer = setTimeout(() => call.cancel(), cancelAfterMs);
}

type Make = (client: SoakClient, plan: CallPlan, options: CallOptions, onEnd: OnEnd) => Cancellable;

const KINDS: Record<CallPlan['kind'], Make> = {
  Unary: (client, plan, options, onEnd) => client.Unary(plan.task, options, oneReply(plan, onEnd)),

  ClientStream: (client, plan, options, onEnd) => {
    const call = client.ClientStream(options, oneReply(plan, onEnd));
    for (let i = 0; i < plan.requests; i++) call.write(plan.task);
    call.end();
    return call;
  },

  ServerStream: (client, plan, options, onEnd) => {
    const call = client.ServerStream(plan.task, options);
    manyReplies(call, plan, plan.task.replies!, onEnd);
    return call;
  },

  Bidi: (client, plan, options, onEnd) => {
    const call = client.Bidi(options);
    manyReplies(call, plan, plan.requests, onEnd);
    for (let i = 0; i < plan.requests; i++) call.write(plan.task);
    call.end();
    return call;
  },
};

function oneReply({ task }: CallPlan, onEnd: OnEnd) {
  return (error: ServiceError | null, reply?: Blob): void => {
    if (error) onEnd(error);
    else onEnd(reply?.data.equals(task.data) ? OK : WRONG);
  };
}

interface Replies {
  on(event: 'data', listener: (reply: Blob) => void): unknown;
  on(event: 'error', listener: () => void): unknown;
  on(event: 'status', listener: (ending: Ending) => void): unknown;
}

function manyReplies(call: Replies, { task }: CallPlan, expected: number, onEnd: OnEnd): void {
  let right = 0;
  call.on('data', ({ data }: Blob) => {
    if (data.equals(task.data)) right += 1;
  });
  call.on('error', () => {}); // The status says it.
  call.on('status', (ending: Ending) => {
    onEnd(ending.code === status.OK && right !== expected ? WRONG : ending);
  });
}

const OK: Ending = { code: status.OK };
const WRONG: Ending = { code: status.DATA_LOSS, details: 'the reply is not what was sent' };
