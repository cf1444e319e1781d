import { connectivityState, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeAndAnswer } from '../../../fixtures/grpc/answers.js';
import { RawCall } from '../../../fixtures/grpc/raw-call.js';
import { Site } from '../../../fixtures/grpc/site.js';
import { stateIs, statesOf } from '../../../fixtures/grpc/states.js';
import { Uncaught } from '../../../fixtures/http2/uncaught.js';
import { eventually } from '../../../fixtures/nest/eventually.js';

const answering = { onRequest: takeAndAnswer };
const { IDLE, CONNECTING, READY, SHUTDOWN } = connectivityState;

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

describe('the states that watchers of a channel see', () => {
  it('lead from idle to ready, back when the connection is lost, and to the end', async () => {
    const { address, sockets } = await site.http2(() => answering);
    const channel = site.channel(address);
    const states = statesOf(channel);
    await new RawCall(channel).ended;
    sockets[0]!.destroy();
    await stateIs(channel, IDLE);
    await new RawCall(channel).ended;
    channel.close();
    const once = ['IDLE', 'CONNECTING', 'READY'];
    expect(states).toEqual([...once, ...once, 'SHUTDOWN']);
  });

  it('lead through failure to ready', async () => {
    const address = await site.closedAddress();
    const channel = site.channel(address, { 'grpc.initial_reconnect_backoff_ms': 100 });
    const states = statesOf(channel);
    await new RawCall(channel).ended;
    await site.serve({}, {}, Number(address.split(':')[1]));
    await stateIs(channel, READY);
    expect(states[0]).toBe('IDLE');
    expect(states[1]).toBe('CONNECTING');
    expect(states[2]).toBe('TRANSIENT_FAILURE');
    expect(states.at(-1)).toBe('READY');
    expect(states).not.toContain('SHUTDOWN');
  });

  it('lead to idle when the channel was not used for long, and on from there', async () => {
    const { address, sockets } = await site.http2(() => answering);
    const channel = site.channel(address, { 'grpc.client_idle_timeout_ms': 1000 });
    const states = statesOf(channel);
    await new RawCall(channel).ended;
    await stateIs(channel, IDLE);
    await eventually(() => sockets[0]!.closed).toBe(true);
    expect(await new RawCall(channel).ended).toBe(status.OK);
    expect(states).toEqual(['IDLE', 'CONNECTING', 'READY', 'IDLE', 'CONNECTING', 'READY']);
    expect(sockets).toHaveLength(2);
  });
});

describe('a watcher', () => {
  it('is told when its time has passed, and not again', async () => {
    const { address } = await site.http2(() => answering);
    const channel = site.channel(address);
    const told: unknown[] = [];
    await new Promise<void>((resolve) => {
      channel.watchConnectivityState(IDLE, Date.now() + 30, (error) => {
        told.push(error);
        resolve();
      });
    });
    await new RawCall(channel).ended;
    expect(told).toEqual([new Error('Deadline passed without connectivity state change')]);
  });

  it.each([0, new Date(0), -Infinity])('with a time in the past is told soon: %s', async (past) => {
    const channel = site.channel(await site.closedAddress());
    let error: Error | undefined;
    const told = new Promise<void>((resolve) =>
      channel.watchConnectivityState(IDLE, past, (passed) => {
        error = passed;
        resolve();
      }),
    );
    expect(error).toBeUndefined();
    await told;
    expect(error).toBeDefined();
  });

  it('is told of the end, and no other is taken after it', () => {
    const channel = site.channel('127.0.0.1:1');
    let told = 0;
    channel.watchConnectivityState(IDLE, Infinity, () => (told += 1));
    channel.close();
    expect(told).toBe(1);
    expect(channel.getConnectivityState(false)).toBe(SHUTDOWN);
    expect(() => channel.watchConnectivityState(SHUTDOWN, Infinity, () => {})).toThrow(
      'Channel has been shut down',
    );
  });

  it('may watch and connect from within', async () => {
    const { address } = await site.http2(() => answering);
    const channel = site.channel(address);
    const seen: connectivityState[] = [];
    channel.watchConnectivityState(IDLE, Infinity, () => {
      seen.push(channel.getConnectivityState(true));
      channel.watchConnectivityState(CONNECTING, Infinity, () =>
        seen.push(channel.getConnectivityState(true)),
      );
    });
    await new RawCall(channel).ended;
    expect(seen).toEqual([CONNECTING, READY]);
  });

  // Was a bug: who waited, and other watchers, were forgotten.
  it('that throws harms nobody else', async () => {
    const uncaught = new Uncaught();
    site.after(() => uncaught.release());
    const bug = new Error('a bug of the user');
    const { address, sockets } = await site.http2(() => answering, { maxConcurrentStreams: 1 });
    const channel = site.channel(address);
    const others: string[] = [];
    for (const state of [CONNECTING, READY]) {
      channel.watchConnectivityState(state, Infinity, () => {
        throw bug;
      });
      channel.watchConnectivityState(state, Infinity, () => others.push(connectivityState[state]));
    }
    expect(await new RawCall(channel).ended).toBe(status.OK);
    sockets[0]!.destroy();
    await stateIs(channel, IDLE);
    expect(await new RawCall(channel).ended).toBe(status.OK);
    expect(uncaught.errors.length).toBeGreaterThanOrEqual(2);
    expect(new Set(others)).toEqual(new Set(['CONNECTING', 'READY']));
  });
});
