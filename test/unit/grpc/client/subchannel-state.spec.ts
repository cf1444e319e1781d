import { connect } from 'node:net';
import { connectivityState, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { builtInEngine } from '../../../../lib/grpc/index.js';
import { takeAndAnswer } from '../../../fixtures/grpc/answers.js';
import { RawCall } from '../../../fixtures/grpc/raw-call.js';
import { Site } from '../../../fixtures/grpc/site.js';

const { IDLE } = connectivityState;

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

describe('a channel whose watcher is called when an attempt begins', () => {
  // Was a bug: the watcher began another attempt, and the first of two connections was never used.
  it('makes one connection, even if the watcher asks for one', async () => {
    let opened = 0;
    const { address } = await site.http2(() => ({ onRequest: takeAndAnswer }));
    const [host, port] = address.split(':');
    const channel = builtInEngine.createStreamChannel(async () => {
      opened += 1;
      return connect(Number(port), host);
    });
    site.after(() => channel.close());
    channel.watchConnectivityState(IDLE, Infinity, () => channel.getConnectivityState(true));
    expect(await new RawCall(channel).ended).toBe(status.OK);
    expect(opened).toBe(1);
  });

  // Was a bug: the closed channel connected.
  it('makes no connection if the watcher closes it', async () => {
    let opened = 0;
    const channel = builtInEngine.createStreamChannel(() => {
      opened += 1;
      return new Promise(() => {});
    });
    channel.watchConnectivityState(IDLE, Infinity, () => channel.close());
    const call = new RawCall(channel);
    expect(await call.ended).toBe(status.UNAVAILABLE);
    expect(call.details).toBe('Channel closed before call started');
    expect(opened).toBe(0);
  });
});
