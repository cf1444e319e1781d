import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { kill, messageOf, startProcess } from '../../fixtures/nest/children.js';
import { soon } from '../../fixtures/nest/end-of.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { closing } from '../../fixtures/nest/in-test.js';
import {
  expectHoldings,
  restingHoldings,
  serverConnections,
} from '../../fixtures/nest/resources.js';
import { SessionLog } from '../../fixtures/nest/session-log.js';
import { startGeneration, startHand, type Generation } from '../../fixtures/nest/rolling/apps.js';
import { Forwarder } from '../../fixtures/nest/rolling/forwarder.js';
import { Tally } from '../../fixtures/nest/rolling/load.js';

const RESTARTS = 20;
const NAMES = ['a', 'b', 'c'];
/** Milliseconds for starting a program; it needs about two seconds. */
const START_MS = 60_000;

describe('restarting the listening side behind one address', () => {
  it(`loses no call in ${RESTARTS} restarts under load in both directions`, async () => {
    const before = await restingHoldings();
    const [forward, back, sessions] = [new Tally(), new Tally(), new SessionLog()];
    const options = { sessionFactory: sessions.factory };
    const start = (number: number): Promise<Generation> =>
      startGeneration(`listener ${number}`, back, options);
    const generations = [await start(0)];
    const forwarder = closing(await Forwarder.start(generations[0]!.port));
    const hands = await Promise.all(
      NAMES.map((name) => startHand(name, forwarder.url, forward, options)),
    );

    for (let number = 1; number <= RESTARTS; number++) {
      const next = await start(number);
      forwarder.target = next.port;
      await generations.at(-1)!.app.close();
      generations.push(next);
      // Both ways, and each with all.
      await eventually(() => [...next.doers].sort()).toEqual(NAMES);
      await eventually(() => hands.every(({ doers }) => doers.has(`listener ${number}`))).toBe(
        true,
      );
    }
    await Promise.all(hands.map((hand) => hand.rest()));
    await Promise.all(hands.map(({ app }) => app.close()));
    await generations.at(-1)!.app.close();
    await Promise.all(generations.map((generation) => generation.lastCall()));
    await forwarder.close();

    expect([forward.failures, back.failures]).toEqual([[], []]);
    for (const count of Object.values(forward.done)) expect(count).toBeGreaterThan(RESTARTS);
    for (const kind of ['unary', 'slow', 'stream'] as const) {
      expect(back.done[kind]).toBeGreaterThan(RESTARTS);
    }
    expect(generations.map(({ registry }) => registry.size)).toEqual(generations.map(() => 0));
    expect([sessions.open, sessions.streams]).toEqual([0, 0]);
    expect(await serverConnections()).toEqual({ sockets: 0, injectors: 0 });
    await expectHoldings(before);
  }, 600_000);
});

describe('a process that gets SIGTERM, with shutdown hooks,', () => {
  /** What its calls came to, and what it ended by. */
  async function terminate(child: ChildProcess) {
    const report = messageOf(child) as Promise<Tally>;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    return { report: await soon(report), exit: await soon(exited) };
  }

  async function startWork(...args: string[]) {
    const child = startProcess('work', ...args);
    closing({ close: () => kill(child) });
    return { child, message: await messageOf(child) };
  }

  it(
    'as a listening side loses no call, with another one to go to',
    async () => {
      const forward = new Tally();
      const [old, next] = await Promise.all([
        startWork('listening', 'old'),
        startWork('listening', 'next'),
      ]);
      const forwarder = closing(await Forwarder.start(old.message as number));
      const hand = await startHand('a', forwarder.url, forward);
      await eventually(() => hand.doers.has('old')).toBe(true);
      forwarder.target = next.message as number;

      const { report, exit } = await terminate(old.child);

      await eventually(() => hand.doers.has('next')).toBe(true);
      await hand.rest();
      expect([forward.failures, report.failures]).toEqual([[], []]);
      expect(report.done.unary).toBeGreaterThan(0);
      expect(exit).toEqual([null, 'SIGTERM']);
    },
    START_MS,
  );

  it(
    'as a dialing side loses no call',
    async () => {
      const back = new Tally();
      const generation = await startGeneration('listener', back);
      const { child } = await startWork('dialing', 'a', generation.url);
      await eventually(() => generation.doers.has('a')).toBe(true);

      const { report, exit } = await terminate(child);

      await generation.lastCall();
      expect([report.failures, back.failures]).toEqual([[], []]);
      expect(report.done.unary).toBeGreaterThan(0);
      expect(exit).toEqual([null, 'SIGTERM']);
    },
    START_MS,
  );
});
