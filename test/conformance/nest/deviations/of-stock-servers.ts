import { expect } from 'vitest';
import { stockServer, type Deviation } from './deviation.js';

const NOTHING = { answers: [], end: 'nothing' };

const escapedAs = (message: string) => ({
  ...NOTHING,
  escaped: [`unhandledRejection: ${message}`],
});

/** The scenarios named `${name}: ${kind}` for the kinds of `@GrpcStreamCall`. */
function ofCalls(name: string, observation: unknown): Record<string, unknown> {
  return {
    [`${name}: CallClientStream`]: observation,
    [`${name}: CallBidi`]: observation,
  };
}

const ended = (answers: unknown) => ({ answers, end: 'complete' });
const joined = (letters: string) => expect.stringMatching(new RegExp(`^${letters}$`));

/** What may be seen where requests change places, which they do now and then. */
const inAnyOrder = {
  'ClientStream: all requests are answered, in order': ended([joined('[abc]{3}!')]),
  'Bidi: all requests are answered, in order': ended(expect.arrayContaining(['a!', 'b!', 'c!'])),
  '200 requests of a stream, each answered once and in order': {
    end: 'complete',
    inOrder: expect.any(Boolean),
  },
  'requests that are read twice': ended([joined('(ab|ba),(ab|ba)')]),
  'a controller made for each call, which knows its request: ClientStream': expect.objectContaining(
    ended([joined('(ab|ba)!')]),
  ),
  'a controller made for each call, which knows its request: Bidi': expect.objectContaining(
    ended(expect.arrayContaining(['a!', 'b!'])),
  ),
};

const LATE =
  'requests of which one came before the handler was called, and one right after: in order';
const GUARDED_CLIENT_STREAM = 'guard, interceptor, pipe and handler, in that order: ClientStream';
const GUARDED_BIDI = 'guard, interceptor, pipe and handler, in that order: Bidi';

/** What may be seen where requests are lost, which most are. */
const someOrNone = expect.objectContaining({
  answers: expect.any(Array),
  end: expect.stringMatching(/^(nothing|complete)$/),
});

/** Of Nest's own server. */
export const deviationsOfStockServers: readonly Deviation[] = [
  {
    title: 'A handler that gives no value, or two at once, leaves its caller waiting',
    of: stockServer,
    isAbsence: true,
    observed: {
      'an observable that completes without a value': NOTHING,
      'an observable of two values at once: the first is the answer': NOTHING,
      'nothing, of a client stream where the message has no fields': NOTHING,
      'an observable that completes without a value, of a client stream': NOTHING,
    },
  },
  {
    title: 'A unary handler that fails in the turn of its value has failed',
    of: stockServer,
    observed: {
      'an observable that fails after its value: it has answered': {
        answers: [],
        end: { code: 'UNKNOWN', details: 'Internal server error' },
      },
    },
  },
  {
    title: 'The observable of a unary handler goes on when its call is over',
    of: stockServer,
    isAbsence: true,
    observed: {
      'an observable that goes on after its value: unsubscribed from when the call is over': {
        outcome: ended(['state']),
        unsubscribed: false,
      },
      'a unary call that is unsubscribed from: so is the observable of its handler': {
        unsubscribed: false,
      },
      'a unary call that is unsubscribed from while a guard works: its observable is not subscribed to':
        { subscribed: 1 },
      'the deadline of a unary call: told to the handler, and over at both ends': {
        answers: [],
        end: { code: 'DEADLINE_EXCEEDED', details: 'Deadline exceeded' },
        cancelled: true,
        unsubscribed: false,
        told: [['deadline', 'near']],
      },
      'the end of processing of a unary call that is cancelled': false,
    },
  },
  {
    title: 'An error of a @GrpcStreamCall handler ends the process, and leaves its caller waiting',
    of: stockServer,
    isAbsence: true,
    observed: {
      ...ofCalls('a handler that throws', escapedAs('no quorum KEY')),
      ...ofCalls('a filter that gives the status', escapedAs('no quorum KEY')),
      ...ofCalls('a guard that throws', escapedAs('no quorum KEY')),
      ...ofCalls('a filter that throws', escapedAs('no quorum KEY')),
      ...ofCalls('a pre-request hook that refuses a call', escapedAs('refused KEY')),
      'an error of a @GrpcStreamCall handler that has answered: nobody is told': {
        outcome: ended(['answered']),
        answersStill: ended(['a!']),
        escaped: ['unhandledRejection: KEY'],
      },
    },
  },
  {
    title: 'A filter that throws, or a promise that is emitted and rejected, ends the process',
    of: stockServer,
    isAbsence: true,
    observed: {
      'a filter that throws: Unary': escapedAs('no quorum KEY'),
      'an observable of a promise that is rejected': {
        outcome: NOTHING,
        escaped: ['unhandledRejection: KEY'],
      },
    },
  },
  {
    title: 'A @GrpcStreamMethod handler that awaits its requests waits for ever',
    of: stockServer,
    isAbsence: true,
    observed: {
      'a promise of what was made of all requests': NOTHING,
      'a promise of an observable of what was made of all requests': NOTHING,
    },
  },
  {
    title: 'Requests of a stream may come out of order',
    of: stockServer,
    observed: inAnyOrder,
  },
  {
    title: 'Requests of a stream may come out of order',
    of: stockServer,
    nest: 12,
    observed: {
      [LATE]: ended(['bca']),
      [GUARDED_CLIENT_STREAM]: expect.objectContaining(ended([joined('<(ab|ba)>')])),
      [GUARDED_BIDI]: expect.objectContaining(ended(expect.arrayContaining(['<a>', '<b>']))),
    },
  },
  {
    title: 'Requests of a stream may be lost, with Nest 11',
    of: stockServer,
    nest: 11,
    isAbsence: true,
    observed: {
      [LATE]: ended(['bc']),
      [GUARDED_CLIENT_STREAM]: someOrNone,
      [GUARDED_BIDI]: someOrNone,
    },
  },
  {
    title: 'gracefulShutdown is off, or waits for ever',
    of: stockServer,
    isAbsence: true,
    observed: {
      'closing lets a call finish unless an option says otherwise': {
        isClosed: true,
        end: 'failed',
      },
      'closing with gracefulShutdown does not wait for ever': {
        isClosed: false,
        end: 'none',
      },
    },
  },
  {
    title: 'An application that did not start keeps its port open',
    of: stockServer,
    observed: { 'an application that cannot start leaves nothing open': { isOpen: true } },
  },
  {
    title: 'channelOptions are written to',
    of: stockServer,
    observed: {
      'the channelOptions of the application that serves are not written to': {
        'grpc.max_receive_message_length': 100_000,
        'grpc.max_send_message_length': 200_000,
      },
    },
  },
];
