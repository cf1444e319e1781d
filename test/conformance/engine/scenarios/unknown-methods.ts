import { status } from '@grpc/grpc-js';
import type { StreamServer } from '../../../../lib/core.js';
import { failed } from '../harness/expected.js';
import { outcomeOf } from '../harness/make-call.js';
import { plainError } from '../harness/plain.js';
import { scenario, serverScenario, type Scenario } from '../harness/scenario.js';
import { json, KINDS, methodOf, testService } from '../harness/test-service.js';

const UNKNOWN = {
  method: '/conformance.Test/unheardOf',
  service: '/conformance.Other/unary',
  'odd path': '/weird path/ünicode?query=1#x',
  'path without a slash': 'noSlash',
};

type AddService = Parameters<StreamServer['addService']>;

/** What `addService` is called with after the service of the bench is in. */
const ADDED: Record<string, () => unknown[]> = {
  'a service without methods': () => [{}, {}],
  'no service': () => [null, {}],
  'no implementation': () => [testService(json), null],
  'a service that is no object': () => ['service', {}],
  'an implementation that is no object': () => [testService(json), 'implementation'],
  'a service that is there already': () => [testService(json), {}],
  'another service, later': () => [
    { late: methodOf('/conformance.Late/late', 'unary', json) },
    {
      late: (_call: unknown, callback: (error: null, value: string) => void) =>
        callback(null, 'hi'),
    },
  ],
};

/** Methods that nobody serves, and how services come to be served. */
export const unknownMethods: readonly Scenario[] = [
  ...KINDS.map((kind) =>
    scenario(
      `a method that the server has no handler for: ${kind}`,
      async (lab) => {
        const { stub } = await lab.open();
        return { told: await outcomeOf(stub, kind) };
      },
      {
        told: failed(
          status.UNIMPLEMENTED,
          `The server does not implement the method ${kind}`,
          kind,
        ),
      },
    ),
  ),
  ...Object.entries(UNKNOWN).flatMap(([what, path]) =>
    KINDS.map((kind) =>
      scenario(
        `an unknown ${what}: ${kind}`,
        async (lab) => {
          const { stub } = await lab.open({
            clientMethods: { [kind]: methodOf(path, kind, json) },
          });
          return { told: await outcomeOf(stub, kind) };
        },
        {},
      ),
    ),
  ),
  ...Object.entries(ADDED).map(([what, make]) =>
    serverScenario(
      `adding ${what}`,
      async (lab) => {
        const { server, stub } = await lab.open({
          clientMethods: { unary: methodOf('/conformance.Late/late', 'unary', json) },
        });
        let thrown: unknown;
        try {
          server.addService(...(make() as AddService));
        } catch (error) {
          thrown = plainError(error as Error);
        }
        return { thrown, told: await outcomeOf(stub, 'unary') };
      },
      {},
    ),
  ),
  scenario(
    'a handler found by the original name of its method, with its own this',
    async (lab) => {
      const bench = await lab.open({
        clientMethods: { unary: methodOf('/conformance.Named/Named', 'unary', json) },
      });
      const definition = {
        Named: { ...methodOf('/conformance.Named/Named', 'unary', json), originalName: 'named' },
      };
      class Implementation {
        readonly greeting = 'hello from this';
        named(_call: unknown, callback: (error: null, value: string) => void): void {
          callback(null, this.greeting);
        }
      }
      bench.server.addService(definition, new Implementation() as never);
      return { told: await outcomeOf(bench.stub, 'unary') };
    },
    {
      told: [
        ['metadata', {}],
        ['callback', 'hello from this'],
        ['status', { code: 0 }],
      ],
    },
  ),
];
