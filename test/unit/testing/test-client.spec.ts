import { Test } from '@nestjs/testing';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  BackchannelClient,
  BackchannelModule,
  getBackchannelClientToken,
  NotConnectedError,
  type ConnectionState,
} from 'nestjs-backchannel';
import { createTestStub, TestClient } from 'nestjs-backchannel/testing';
import { gitalyProto, praefectProto, type Gitaly } from '../../fixtures/nest/protos.js';
import { closing } from '../../fixtures/nest/in-test.js';

const gitaly = createTestStub<Gitaly>({ mutator: ({ branch = '' }) => ({ voter: branch }) });

const create = (connection?: ConnectionState): TestClient =>
  closing(new TestClient({ services: { Gitaly: gitaly }, ...(connection && { connection }) }));

describe('a client of a test', () => {
  it('is a client, connected, with the services that it is given', async () => {
    const client = create();
    const reply = client.getService<Gitaly>('Gitaly').mutator({ branch: 'main' });

    expect(client).toBeInstanceOf(BackchannelClient);
    expect(client.connection).toEqual({ state: 'ready' });
    await client.connect();
    expect(await firstValueFrom(reply)).toEqual({ voter: 'main' });
  });

  it('is connected and not, as a test says', async () => {
    const client = create({ state: 'idle' });
    const states: string[] = [];
    const errors: unknown[] = [];
    client.connection$.subscribe(({ state }) => states.push(state));
    client.on('failed', ({ error }) => errors.push(error?.message));
    const connected = client.connect();
    client.become({ state: 'failed', error: new Error('no route') });
    client.become({ state: 'ready' });
    await connected;

    expect(states).toEqual(['idle', 'failed', 'ready']);
    expect(errors).toEqual(['no route']);
  });

  it('gives up connecting as a real one does', async () => {
    const client = create({ state: 'failed', error: new Error('no route') });

    await expect(client.connect(5)).rejects.toThrow(NotConnectedError);
    await expect(client.connect(5)).rejects.toThrow('within 5 ms: no route');
  });

  it('stays closed when it is closed', async () => {
    const client = create();
    await client.close();
    client.become({ state: 'ready' });

    expect(client.connection).toEqual({ state: 'closed' });
    await expect(client.connect()).rejects.toThrow('is closed');
  });

  it('stands in for the real one in an application', async () => {
    const client = create();
    const token = getBackchannelClientToken('GITALY');
    const module = await Test.createTestingModule({
      imports: [
        BackchannelModule.registerClient({
          name: 'GITALY',
          ...gitalyProto,
          backchannel: praefectProto,
        }),
      ],
    })
      .overrideProvider(token)
      .useValue(client)
      .compile();
    const app = await module.init();

    expect(app.get(token)).toBe(client);
    expect(client.connection).toEqual({ state: 'ready' });
    await app.close();
    expect(client.connection).toEqual({ state: 'closed' });
  });

  it('serves nothing, and says what it does not have', () => {
    const client = create();

    expect(client.serves).toBe(false);
    expect(() => client.getService('Praefect')).toThrow(
      'this TestClient has no service "Praefect" (it has: Gitaly); give it in "services"',
    );
    expect(() => client.getClientByServiceName('Gitaly')).toThrow(
      'this TestClient has no grpc-js stub of "Gitaly", only what getService gives',
    );
  });
});
