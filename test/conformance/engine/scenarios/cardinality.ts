import { expect } from 'vitest';
import { status } from '@grpc/grpc-js';
import { failed } from '../harness/expected.js';
import { Journal } from '../harness/journal.js';
import { outcomeOf } from '../harness/make-call.js';
import { scenario, type Scenario } from '../harness/scenario.js';
import { withoutRace } from '../harness/without-race.js';
import { json, methodOf, pathOf, type Kind } from '../harness/test-service.js';

/** The client's `seen` method ends up at the server's `served` one. */
function mismatch(seen: Kind, served: Kind) {
  return { clientMethods: { [seen]: methodOf(pathOf(served), seen, json) } };
}

const deadline = (): { deadline: number } => ({ deadline: Date.now() + 300 });

/** The callback is given an error; the status may be OK, where it is the number of messages that is wrong. */
const calledBack = (code: status): unknown =>
  expect.arrayContaining([['callback', expect.objectContaining({ code })]]);

/** Clients and servers that do not agree on how many messages there are. */
export const cardinality: readonly Scenario[] = [
  ...[0, 2, 3].map((count) =>
    scenario(
      // A unary caller of grpc-js reads one message, and waits for ever if there is another.
      `a unary caller gets ${count} answers`,
      async (lab) => {
        const { stub } = await lab.open({
          ...mismatch('unary', 'serverStream'),
          handlers: {
            serverStream: (call) => {
              for (let index = 0; index < count; index += 1) call.write(`answer ${index}`);
              call.end();
            },
          },
        });
        const options = count === 0 ? {} : deadline();
        return { told: withoutRace(await outcomeOf(stub, 'unary', { options })) };
      },
      { told: calledBack(count === 0 ? status.UNIMPLEMENTED : status.DEADLINE_EXCEEDED) },
    ),
  ),
  ...[0, 2, 3].map((count) =>
    scenario(
      `a client stream gets ${count} answers`,
      async (lab) => {
        const { stub } = await lab.open({
          ...mismatch('clientStream', 'bidi'),
          handlers: {
            bidi: (call) => {
              call.resume().on('end', () => {
                for (let index = 0; index < count; index += 1) call.write(`answer ${index}`);
                call.end();
              });
            },
          },
        });
        return { told: await outcomeOf(stub, 'clientStream') };
      },
      { told: calledBack(status.UNIMPLEMENTED) },
    ),
  ),
  ...(['unary', 'serverStream'] as const).flatMap((served) =>
    [0, 1, 2, 3].map((count) =>
      scenario(
        `a ${served} handler is sent ${count} requests`,
        async (lab) => {
          const server = new Journal();
          const seen = served === 'unary' ? 'clientStream' : 'bidi';
          const { stub } = await lab.open({
            ...mismatch(seen, served),
            handlers: {
              unary: (call, callback) => {
                server.note('request', call.request);
                callback(null, 'answer');
              },
              serverStream: (call) => {
                server.note('request', call.request);
                call.write('answer');
                call.end();
              },
            },
          });
          const requests = Array.from({ length: count }, (_, index) => `request ${index}`);
          return { told: await outcomeOf(stub, seen, { requests }), server: server.entries };
        },
        count === 1
          ? { server: [['request', 'request 0']] }
          : {
              server: [],
              told: failed(
                status.UNIMPLEMENTED,
                expect.stringContaining(count === 0 ? 'no request message' : 'second request'),
                served === 'unary' ? 'clientStream' : 'bidi',
              ),
            },
      ),
    ),
  ),
  scenario(
    'an answer with an error behind it is an error',
    async (lab) => {
      const { stub } = await lab.open({
        ...mismatch('unary', 'serverStream'),
        handlers: {
          serverStream: (call) => {
            call.write('answer');
            call.emit('error', { code: status.ABORTED, details: 'after all' });
          },
        },
      });
      return { told: await outcomeOf(stub, 'unary') };
    },
    { told: failed(status.ABORTED, 'after all', 'unary') },
  ),
];
