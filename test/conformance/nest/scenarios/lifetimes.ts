import { connect } from 'node:net';
import { lastValueFrom, Subject, takeUntil } from 'rxjs';
import { Registry } from 'nestjs-backchannel';
import { KindsController } from '../controllers/kinds.controllers.js';
import { LivesController } from '../controllers/lives.controller.js';
import { createLink, type GrpcSettings } from '../harness/link.js';
import { startPair } from '../harness/pair.js';
import type { Run } from '../harness/run.js';
import { scenario, type ScenarioGroup } from '../harness/scenario.js';
import { FailedStart, startApp } from '../harness/start-app.js';

/** Starts a pair, and closes the application that serves while it is called. */
async function closeWhileCalled(
  run: Run,
  method: string,
  serving: GrpcSettings,
  meanwhile: () => void = () => {},
): Promise<unknown> {
  const pair = run.closing(
    await startPair(run.bench.column, createLink({ serving }), {
      controllers: [LivesController],
    }),
  );
  const left = new Subject<void>();
  const call = lastValueFrom(run.call('Lives', method, 'a', { on: pair }).pipe(takeUntil(left)));
  const end = call.then(
    () => 'complete',
    () => 'failed',
  );
  await run.journal.when('called');
  const closed = pair.serving.close();
  meanwhile();
  const isClosed = await run.happens(closed);
  const hasEnded = await run.happens(end);
  left.next(); // Who waits for the call has waited long enough.
  await closed;
  return { isClosed, end: hasEnded ? await end : 'none' };
}

/** Whether there is anything of an application that did not start. */
async function failToStart(run: Run): Promise<unknown> {
  const { column } = run.bench;
  const link = createLink({ serving: { package: 'nowhere' } });
  const listening =
    column.listens === 'calling'
      ? run.closing(await startApp(column, { calls: [link] }))
      : undefined;
  const failure = await startApp(column, { serves: link, controllers: [KindsController] }).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof FailedStart)) return failure;
  const isOpen = listening ? listening.get(Registry).size > 0 : await canConnect(link.url);
  await failure.app.close();
  return { isOpen };
}

function canConnect(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(url.slice('unix:'.length));
    const settle = (can: boolean): void => {
      socket.destroy();
      resolve(can);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}

export const lifetimes: ScenarioGroup = {
  title: 'Starting and closing',
  scenarios: [
    scenario('an application that cannot start leaves nothing open', failToStart, {
      isOpen: false,
    }),
    scenario(
      'the channelOptions of the application that serves are not written to',
      async ({ bench }) => bench.main.link.serving.channelOptions,
      {},
    ),
    scenario(
      'the channelOptions of the application that calls are not written to',
      async (run) => {
        await run.outcome('Kinds', 'Unary', 'a');
        return run.bench.main.link.calling.channelOptions;
      },
      {},
    ),
    scenario(
      'closing without gracefulShutdown ends the calls under way',
      (run) => closeWhileCalled(run, 'Hang', { gracefulShutdown: false }),
      { isClosed: true, end: 'failed' },
    ),
    scenario(
      'closing lets a call finish unless an option says otherwise',
      (run) => closeWhileCalled(run, 'AnswerLater', {}, () => run.journal.note('answer')),
      { isClosed: true, end: 'complete' },
    ),
    scenario(
      'closing with gracefulShutdown lets a call finish',
      (run) =>
        closeWhileCalled(run, 'AnswerLater', { gracefulShutdown: true }, () =>
          run.journal.note('answer'),
        ),
      { isClosed: true, end: 'complete' },
    ),
    scenario(
      'closing with gracefulShutdown does not wait for ever',
      (run) => closeWhileCalled(run, 'Hang', { gracefulShutdown: true, drainMs: 50 }),
      { isClosed: true, end: 'failed' },
    ),
  ],
};
