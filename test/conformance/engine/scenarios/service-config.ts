import { expect } from 'vitest';
import { status, type ChannelOptions } from '@grpc/grpc-js';
import { failed } from '../harness/expected.js';
import { outcomeOf } from '../harness/make-call.js';
import { metadataOf } from '../harness/metadata-of.js';
import { scenario, type Scenario } from '../harness/scenario.js';
import { KINDS } from '../harness/test-service.js';
import { handleAllAtEnd } from '../harness/handle-all.js';

const NAME = [{ service: 'conformance.Test' }];

const configured = (methodConfig: object): ChannelOptions => ({
  'grpc.service_config': JSON.stringify({ methodConfig: [{ name: NAME, ...methodConfig }] }),
});

const RETRY = configured({
  retryPolicy: {
    maxAttempts: 4,
    initialBackoff: '0.01s',
    maxBackoff: '0.02s',
    backoffMultiplier: 2,
    retryableStatusCodes: ['UNAVAILABLE'],
  },
});

/** What a channel's service config changes. */
export const serviceConfig: readonly Scenario[] = [
  ...KINDS.map((kind) =>
    scenario(
      `calls are made again as the service config says: ${kind}`,
      async (lab) => {
        const attempts: unknown[] = [];
        const { stub } = await lab.open({
          client: RETRY,
          handlers: handleAllAtEnd((call, { reply, fail }) => {
            attempts.push(call.metadata.get('grpc-previous-rpc-attempts'));
            if (attempts.length < 3) fail({ code: status.UNAVAILABLE, details: 'not yet' });
            else reply('answer');
          }),
        });
        return { told: await outcomeOf(stub, kind), attempts };
      },
      { attempts: [[], ['1'], ['2']] },
    ),
  ),
  scenario(
    'calls are made again only so often',
    async (lab) => {
      let attempts = 0;
      const { stub } = await lab.open({
        client: RETRY,
        handlers: handleAllAtEnd((_call, { fail }) => {
          attempts += 1;
          fail({ code: status.UNAVAILABLE, details: 'not yet' });
        }),
      });
      return { told: await outcomeOf(stub, 'unary'), attempts };
    },
    { attempts: 4, told: failed(status.UNAVAILABLE, 'not yet', 'unary') },
  ),
  scenario(
    'calls are not made again for other codes',
    async (lab) => {
      let attempts = 0;
      const { stub } = await lab.open({
        client: RETRY,
        handlers: handleAllAtEnd((_call, { fail }) => {
          attempts += 1;
          fail({ code: status.ABORTED, details: 'no' });
        }),
      });
      return { told: await outcomeOf(stub, 'unary'), attempts };
    },
    { attempts: 1, told: failed(status.ABORTED, 'no', 'unary') },
  ),
  scenario(
    'calls are not made again where the server pushes back',
    async (lab) => {
      let attempts = 0;
      const { stub } = await lab.open({
        client: RETRY,
        handlers: handleAllAtEnd((_call, { fail }) => {
          attempts += 1;
          fail({
            code: status.UNAVAILABLE,
            details: 'go away',
            metadata: metadataOf(['grpc-retry-pushback-ms', '-1']),
          });
        }),
      });
      return { told: await outcomeOf(stub, 'unary'), attempts };
    },
    { attempts: 1 },
  ),
  scenario(
    'a timeout of the service config ends calls',
    async (lab) => {
      const { stub } = await lab.open({
        client: configured({ timeout: { seconds: 0, nanos: 100_000_000 } }),
        handlers: { unary: () => {} },
      });
      const told = await outcomeOf(stub, 'unary');
      return { code: (told.at(-1) as [string, { code: number }])[1].code };
    },
    { code: status.DEADLINE_EXCEEDED },
  ),
  scenario(
    'waitForReady and limits of the service config',
    async (lab) => {
      const { stub } = await lab.open({
        client: configured({ waitForReady: true, maxRequestMessageBytes: 5 }),
        handlers: { unary: (call, callback) => callback(null, call.request) },
      });
      return { told: await outcomeOf(stub, 'unary') };
    },
    { told: expect.any(Array) },
  ),
];
