import { loadSync } from '@grpc/proto-loader';
import { engineOf } from 'nestjs-backchannel/core';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { dial, listen, type Dialer } from '../../fixtures/nest/apps.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { watchHandles } from '../../fixtures/nest/handles.js';
import { GitalyController, PraefectController } from '../../fixtures/nest/mutator.controllers.js';
import { gitalyProto, praefectProto, type Gitaly } from '../../fixtures/nest/protos.js';
import {
  collectWarnings,
  expectHoldings,
  restingHoldings,
  serverConnections,
} from '../../fixtures/nest/resources.js';
import { SessionLog } from '../../fixtures/nest/session-log.js';

const CYCLES = 1000;
const PEERS = 200;

// Read once: a thousand applications would read the same files a thousand times.
const services = {
  package: gitalyProto.package,
  packageDefinition: loadSync(gitalyProto.protoPath),
  backchannel: {
    package: praefectProto.package,
    packageDefinition: loadSync(praefectProto.protoPath),
  },
};

const startGitaly = (sessions: SessionLog) =>
  listen({ ...services, sessionFactory: sessions.factory }, { controllers: [GitalyController] });

const startPraefect = (url: string, sessions: SessionLog) =>
  dial(
    { url, ...services, sessionFactory: sessions.factory },
    { controllers: [PraefectController] },
  );

/** One forward call, with one call back in it. */
async function mutate({ client }: Dialer): Promise<void> {
  const reply = firstValueFrom(client.getService<Gitaly>('Gitaly').mutator({ branch: 'main' }));
  expect(await reply).toEqual({ voter: 'praefect' });
}

async function expectNoSessions(...logs: SessionLog[]): Promise<void> {
  const left = () => logs.map(({ open, streams }) => ({ open, streams }));
  await eventually(left).toEqual(logs.map(() => ({ open: 0, streams: 0 })));
}

describe('nothing is left behind', { timeout: 300_000 }, () => {
  it(`by ${CYCLES} connections one after the other, each with a call and a call back`, async () => {
    const warnings = collectWarnings();
    const [listening, dialing] = [new SessionLog(), new SessionLog()];
    const beforeAll = await restingHoldings();
    const gitaly = await startGitaly(listening);
    const before = await restingHoldings();

    for (let cycle = 0; cycle < CYCLES; cycle++) {
      const praefect = await startPraefect(gitaly.url, dialing);
      await mutate(praefect);
      await praefect.app.close();
    }

    await expectHoldings(before);
    await expectNoSessions(listening, dialing);
    expect(gitaly.registry.size).toBe(0);
    expect(await serverConnections()).toEqual({ sockets: 0, injectors: 0 });
    expect([listening.total, dialing.total]).toEqual([CYCLES, CYCLES]);
    await gitaly.app.close();
    await expectHoldings(beforeAll);
    expect(warnings).toEqual([]);
  });

  it(`by ${PEERS} peers at once that leave`, async () => {
    const warnings = collectWarnings();
    const [listening, dialing] = [new SessionLog(), new SessionLog()];
    const beforeAll = await restingHoldings();
    const gitaly = await startGitaly(listening);
    const before = await restingHoldings();

    const praefects = await Promise.all(
      Array.from({ length: PEERS }, () => startPraefect(gitaly.url, dialing)),
    );
    await Promise.all(praefects.map(mutate));
    expect(gitaly.registry.size).toBe(PEERS);
    // Those of both sides, where grpc-js has them.
    const sockets = engineOf().name === 'grpc-js' ? 2 * PEERS : 0;
    expect(await serverConnections()).toMatchObject({ sockets });
    await Promise.all(praefects.map(({ app }) => app.close()));

    await expectHoldings(before);
    await expectNoSessions(listening, dialing);
    expect(gitaly.registry.size).toBe(0);
    expect(await serverConnections()).toEqual({ sockets: 0, injectors: 0 });
    await gitaly.app.close();
    await expectHoldings(beforeAll);
    expect(warnings).toEqual([]);
  });

  it(`by ${PEERS} peers at once that are left`, async () => {
    const warnings = collectWarnings();
    const [listening, dialing] = [new SessionLog(), new SessionLog()];
    const beforeAll = await restingHoldings();
    const gitaly = await startGitaly(listening);
    const praefects = await Promise.all(
      Array.from({ length: PEERS }, () => startPraefect(gitaly.url, dialing)),
    );
    await Promise.all(praefects.map(mutate));

    await gitaly.app.close();

    await expectNoSessions(listening, dialing);
    expect(gitaly.registry.size).toBe(0);
    await Promise.all(praefects.map(({ app }) => app.close()));
    await expectHoldings(beforeAll);
    expect(warnings).toEqual([]);
  });

  it('by a connection in timers and sockets, not even of those that keep no process alive', async () => {
    const handles = watchHandles();
    const log = new SessionLog();
    const gitaly = await startGitaly(log);

    for (let cycle = 0; cycle < 10; cycle++) {
      const praefect = await startPraefect(gitaly.url, log);
      await mutate(praefect);
      await praefect.app.close();
    }
    await expectNoSessions(log);

    await eventually(handles).toEqual(['TCPSERVERWRAP']); // The port of the listening side.
    await gitaly.app.close();
    await eventually(handles).toEqual([]);
  });
});
