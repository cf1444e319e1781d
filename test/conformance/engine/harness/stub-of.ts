import { credentials, makeGenericClientConstructor, type ClientOptions } from '@grpc/grpc-js';
import type { Channel } from './link.js';
import { json, testService, type Codec, type TestService, type TestStub } from './test-service.js';

/** What makes a stub differ from the plain one. */
export interface StubSetup {
  /** How messages become bytes; default JSON. */
  codec?: Codec | undefined;
  clientCodec?: Codec | undefined;
  /** Methods as only the client knows them. */
  clientMethods?: Partial<TestService>;
  /** Options of the stub alone. */
  stub?: Pick<
    ClientOptions,
    'interceptors' | 'interceptor_providers' | 'callInvocationTransformer'
  >;
}

/** A stub of the test service, made as generated code makes it. */
export function stubOf(channel: Channel, setup: StubSetup = {}): TestStub {
  const codec = setup.clientCodec ?? setup.codec ?? json;
  const Stub = makeGenericClientConstructor(
    { ...testService(codec), ...setup.clientMethods },
    'Test',
  );
  return new Stub('unused', credentials.createInsecure(), {
    ...setup.stub,
    channelOverride: channel as never,
  }) as unknown as TestStub;
}
