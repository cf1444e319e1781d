import { connectivityState } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engines } from '../../../fixtures/engines.js';
import { Site } from '../../../fixtures/grpc/site.js';
import { stateIs } from '../../../fixtures/grpc/states.js';

const GOING = { code: 0, message: 'peer closed: it moved' };

describe.each(engines)('a plain connection that the engine $name dismisses', (engine) => {
  let site: Site;

  beforeEach(() => {
    site = new Site();
  });

  afterEach(() => site.close());

  async function connect() {
    const { address, streams, grpc } = await site.serve({}, {}, 0, engine);
    const channel = site.channel(address);
    channel.getConnectivityState(true);
    await stateIs(channel, connectivityState.READY);
    return { channel, grpc, stream: streams[0]! };
  }

  it('tells the peer why', async () => {
    const { channel, stream } = await connect();

    stream.dismiss(GOING);

    await stateIs(channel, connectivityState.IDLE);
    expect(channel.lastGoAway).toEqual(GOING);
  });

  it('tells the peer why if it is draining', async () => {
    const { channel, stream } = await connect();

    stream.drain(10_000);
    stream.dismiss(GOING);

    await stateIs(channel, connectivityState.IDLE);
    expect(channel.lastGoAway).toEqual(GOING);
  });
});
