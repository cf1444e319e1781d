import { credentials, type Client } from '@grpc/grpc-js';
import { lastValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import type { BackchannelClient, ClientConn, StubFactory } from 'nestjs-backchannel';
import { soon } from '../../fixtures/nest/end-of.js';
import { startPair } from '../../fixtures/nest/pair.js';
import type { Calls, CallsStub } from '../../fixtures/nest/protos.js';

type StubClass = new (
  address: string,
  security: ReturnType<typeof credentials.createInsecure>,
  options: object,
) => CallsStub;

const unused = credentials.createInsecure();

/** All that users can call with, or close, on either side. */
function allOf(caller: BackchannelClient | ClientConn): (CallsStub | { close(): void })[] {
  const stub = (caller as StubFactory).getClientByServiceName<CallsStub>('Calls');
  const Stub = stub.constructor as StubClass;
  const channel = 'channel' in caller ? caller.channel : caller.unwrap();
  const own = new Stub('unused', unused, { channelOverride: channel });
  if (!('channel' in caller)) return [stub, own, channel];
  return [
    stub,
    own,
    caller.client<Client>(Stub as never),
    new Stub('unused', unused, caller.clientOptions),
    channel,
  ];
}

const echo = (stub: CallsStub): Promise<unknown> =>
  new Promise((resolve, reject) => {
    stub.echo({ text: 'a' }, (error, reply) => (error ? reject(error) : resolve(reply)));
  });

it('a stub that is closed takes nothing from others, nor from itself', async () => {
  const { client, peer } = await startPair();
  for (const caller of [client, peer]) {
    for (const closed of allOf(caller)) {
      closed.close();
      const { echo: call } = caller.getService<Calls>('Calls');
      expect(await soon(lastValueFrom(call({ text: 'a' })))).toEqual({ text: 'a' });
      for (const stub of allOf(caller)) {
        if ('echo' in stub) expect(await soon(echo(stub))).toEqual({ text: 'a' });
      }
      if ('echo' in closed) expect(await soon(echo(closed))).toEqual({ text: 'a' });
    }
  }
});

it('a connection that is closed takes no more calls of its stubs', async () => {
  const { peer } = await startPair();
  const stub = peer.getClientByServiceName<CallsStub>('Calls');
  peer.close();
  await expect(soon(Promise.resolve().then(() => echo(stub)))).rejects.toThrow(/shut down|closed/);
});
