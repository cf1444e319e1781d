import type { Metadata } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import { KindsController } from '../controllers/kinds.controllers.js';
import { createLink } from '../harness/link.js';
import { startInOrder } from '../harness/pair.js';
import type { Stub, Text } from '../harness/protos.js';
import type { Run } from '../harness/run.js';
import { scenario, type ScenarioGroup } from '../harness/scenario.js';
import { sixKinds } from '../harness/six-kinds.js';

@Controller()
class OtherController extends sixKinds('Kinds', (text) => `${text}?`) {}

/** One application with two clients, each of an application of its own. */
async function callTwo(run: Run): Promise<unknown> {
  const { column } = run.bench;
  const isReversed = column.listens === 'calling';
  const one = createLink({ name: 'ONE', order: isReversed ? 2 : 1 });
  const other = createLink({
    name: 'OTHER',
    order: isReversed ? 1 : 2,
    // Whoever listens to call has one port for all.
    ...(isReversed && { url: one.url }),
  });
  const apps = await startInOrder(column, [
    { controllers: [KindsController], serves: one },
    { controllers: [OtherController], serves: other },
    { calls: [one, other] },
  ]);
  for (const app of apps) run.closing(app);
  return Promise.all(
    [one, other].map((link) => {
      const stub = column.client(apps[2]!, link).getService<Stub>('Kinds');
      return run.watch(stub['Unary']!({ text: 'a' } as never, run.metadata()));
    }),
  );
}

/** One application that is called, and calls another to answer. */
async function relay(run: Run): Promise<unknown> {
  const { column } = run.bench;
  const [far, near] = [createLink({ name: 'FAR' }), createLink({ name: 'NEAR' })];

  @Controller()
  class RelayController {
    @GrpcMethod('Kinds')
    unary({ text }: Text, metadata: Metadata): Observable<Text> {
      const stub = column.client(apps[1]!, far).getService<Stub>('Kinds');
      return stub['Unary']!({ text: `${text} relayed` } as never, metadata);
    }
  }
  const apps = await startInOrder(column, [
    { controllers: [KindsController], serves: far },
    { controllers: [RelayController], serves: near, calls: [far] },
    { calls: [near] },
  ]);
  for (const app of apps) run.closing(app);
  const stub = column.client(apps[2]!, near).getService<Stub>('Kinds');
  return run.watch(stub['Unary']!({ text: 'a' } as never, run.metadata()));
}

export const arrangements: ScenarioGroup = {
  title: 'Several clients of one application; one that is called and calls',
  scenarios: [
    scenario('two clients of one application, each of its own server', callTwo, [
      { answers: ['a!'], end: 'complete' },
      { answers: ['a?'], end: 'complete' },
    ]),
    scenario('an application that serves and calls another', relay, {
      answers: ['a relayed!'],
      end: 'complete',
    }),
  ],
};
