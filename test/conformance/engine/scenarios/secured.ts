import { expect } from 'vitest';
import {
  credentials,
  type Metadata,
  type ChannelCredentials,
  type ServerCredentials,
} from '@grpc/grpc-js';
import { createListener, type AuthContext } from '../../../../lib/core.js';
import {
  dialingCredentials,
  listeningCredentials,
  type TlsMode,
} from '../../../fixtures/interop/certificates.js';
import { Journal } from '../harness/journal.js';
import type { Lab } from '../harness/lab.js';
import { Listening } from '../harness/listening.js';
import { outcomeOf } from '../harness/make-call.js';
import { metadataOf } from '../harness/metadata-of.js';
import { plainMetadata } from '../harness/plain.js';
import { scenario, type Scenario } from '../harness/scenario.js';
import { stubOf } from '../harness/stub-of.js';
import { json, testService, type TestStub } from '../harness/test-service.js';
import { callUnary } from '../harness/watch.js';

function plainAuth(context: AuthContext | null): object {
  return {
    type: context?.transportSecurityType,
    subject: context?.sslPeerCertificate?.subject.CN,
    keys: Object.keys(context ?? {}).sort(),
  };
}

/** A server and a stub that are secured; the server notes who calls. */
async function secured(
  lab: Lab,
  server: Journal,
  listening: ServerCredentials,
  dialing: ChannelCredentials,
): Promise<TestStub> {
  const served = lab.pair.server.createServer();
  served.addService(testService(json), {
    unary: (call: { getAuthContext(): AuthContext; metadata: Metadata }, callback: Answer) => {
      server.note('auth', plainAuth(call.getAuthContext()));
      server.note('metadata', plainMetadata(call.metadata));
      callback(null, 'answer');
    },
  } as never);
  const listener = await new Listening(
    (socket) => served.serve(socket),
    createListener(listening),
  ).listen();
  lab.after(() => listener.close());
  lab.after(() => served.forceShutdown());
  const channel = lab.pair.client.createDialChannel(
    listener.address,
    dialing,
    async (socket) => socket,
    { 'grpc.ssl_target_name_override': 'localhost' },
  );
  lab.after(() => channel.close());
  return stubOf(channel);
}

type Answer = (error: null, value: string) => void;

/** Calls over TLS. */
export const securedCalls: readonly Scenario[] = [
  ...(['TLS', 'mutual TLS'] as const).map((mode: TlsMode) =>
    scenario(
      `both ends know whom they talk to: ${mode}`,
      async (lab) => {
        const server = new Journal();
        const stub = await secured(
          lab,
          server,
          listeningCredentials(mode),
          dialingCredentials(mode),
        );
        const { call, journal } = callUnary(stub, 'request');
        await journal.when('status');
        return {
          client: journal.entries,
          knows: plainAuth(call.getAuthContext()),
          server: server.entries,
        };
      },
      { client: expect.arrayContaining([['callback', 'answer']]), knows: { type: 'ssl' } },
    ),
  ),
  scenario(
    'a certificate that nobody vouches for fails the call',
    async (lab) => {
      const stub = await secured(
        lab,
        new Journal(),
        listeningCredentials('TLS'),
        credentials.createSsl(),
      );
      const [first] = await outcomeOf(stub, 'unary');
      const { code, details } = (first as [string, { code: number; details: string }])[1];
      return { code, names: details.includes('No connection established') };
    },
    { code: 14 },
  ),
  scenario(
    'credentials of the channel and of the call come together',
    async (lab) => {
      const server = new Journal();
      const token = (value: string) =>
        credentials.createFromMetadataGenerator((_options, done) =>
          done(null, metadataOf(['x-token', value])),
        );
      const stub = await secured(
        lab,
        server,
        listeningCredentials('TLS'),
        credentials.combineChannelCredentials(dialingCredentials('TLS'), token('of channel')),
      );
      const told = await outcomeOf(stub, 'unary', { options: { credentials: token('of call') } });
      return { told, server: server.only('metadata') };
    },
    { server: [['metadata', { 'x-token': [expect.stringContaining('of channel')] }]] },
  ),
];
