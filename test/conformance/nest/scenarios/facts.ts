import { type Metadata, type ServiceError } from '@grpc/grpc-js';
import { valuesOf } from '../harness/outcome.js';
import type { Stub } from '../harness/protos.js';
import type { Run } from '../harness/run.js';
import { scenario, type ScenarioGroup } from '../harness/scenario.js';

/** What a grpc-js stub's call tells besides messages. */
interface Call {
  on(event: 'metadata', listener: (headers: Metadata) => void): this;
  on(event: 'status', listener: (status: { metadata: Metadata }) => void): this;
  on(event: 'data', listener: () => void): this;
  write(message: object): void;
  end(): void;
}

type Method = (...args: unknown[]) => Call;

/** The headers and trailers of `call`, when it has ended. */
function surroundings(call: Call): Promise<unknown> {
  let headers: unknown;
  return new Promise((resolve) => {
    call.on('metadata', (metadata) => (headers = valuesOf(metadata, 'header', 'header-bin')));
    call.on('status', ({ metadata }) =>
      resolve({ headers, trailers: valuesOf(metadata, 'trailer', 'trailer-bin') }),
    );
  });
}

async function tell(run: Run, deadline?: number): Promise<unknown> {
  const metadata = run.metadata({ text: 'some text' });
  metadata.add('many', 'one');
  metadata.add('many', 'two');
  metadata.set('some-bin', Buffer.from([0, 255]));
  const facts = run.bench.main.client.getService<Stub>('Facts');
  const options = deadline === undefined ? {} : { deadline };
  await run.watch(facts['Tell']!({ text: 'request' } as never, metadata, options));
  return run.journal.entries[0];
}

const TOLD = {
  request: { text: 'request' },
  text: ['some text'],
  many: 'one,two',
  binary: [[0, 255]],
  isMetadata: true,
  isOfCall: true,
  path: '/parity.Facts/Tell',
  cancelled: false,
};

const HEADERS = { header: ['text'], 'header-bin': [[0, 255]] };
const TRAILERS = { trailer: ['text'], 'trailer-bin': [[0, 255]] };
const NO_TRAILERS = { trailer: [], 'trailer-bin': [] };

const ignore = (_error: ServiceError | null): void => {};

export const facts: ScenarioGroup = {
  title: 'Metadata, headers, trailers, and what a handler knows of its call',
  scenarios: [
    scenario('a handler is told request, metadata and call', (run) => tell(run), [
      'told',
      { ...TOLD, deadline: 'none' },
    ]),
    scenario(
      'a handler is told the deadline of its call',
      (run) => tell(run, Date.now() + 60_000),
      ['told', { ...TOLD, deadline: 'some' }],
    ),
    scenario(
      'a handler is told the host that was called',
      (run) => run.outcome('Facts', 'TellHost', ''),
      { answers: ['localhost'], end: 'complete' },
    ),
    scenario(
      'a handler with decorated parameters: a property of the request, and the metadata',
      (run) => run.outcome('Facts', 'TellDecorated', 'hello', { metadata: { text: 'world' } }),
      { answers: ['hello world'], end: 'complete' },
    ),
    scenario(
      'headers of a unary call',
      (run) => {
        const stub = run.stub('Facts');
        return surroundings(
          (stub['Headers'] as unknown as Method).call(stub, {}, run.metadata(), ignore),
        );
      },
      { headers: HEADERS, trailers: NO_TRAILERS },
    ),
    scenario(
      'headers and trailers of a client stream',
      (run) => {
        const stub = run.stub('Facts');
        const call = (stub['Trailers'] as unknown as Method).call(stub, run.metadata(), ignore);
        const surrounding = surroundings(call);
        call.end();
        return surrounding;
      },
      { headers: HEADERS, trailers: TRAILERS },
    ),
    scenario(
      'headers and trailers of a bidirectional stream',
      (run) => {
        const stub = run.stub('Facts');
        const call = (stub['StreamTrailers'] as unknown as Method).call(stub, run.metadata());
        const surrounding = surroundings(call.on('data', () => {}));
        call.write({ text: 'a' });
        call.end();
        return surrounding;
      },
      { headers: HEADERS, trailers: TRAILERS },
    ),
  ],
};
