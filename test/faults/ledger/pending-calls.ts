import {
  Metadata,
  status,
  type CallOptions,
  type ClientReadableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import type { StubFactory } from 'nestjs-backchannel';
import { kinds, type Kind } from './attempt.js';
import { directions, type Direction, type Lab } from './lab.js';
import type { Entry, LedgerClient } from './ledger.js';

/** A call that does not end by itself. */
export interface PendingCall {
  name: string;
  direction: Direction;
  kind: Kind;
  /** By which its callee knows it. */
  id: string;
  /** Resolves with the status that the call ends with. */
  ended: Promise<status>;
  /** How often its user was told the end. */
  endings(): number;
}

/** A call of each kind in each direction, all of them under way at their callees. */
export async function pendingCalls(lab: Lab, options: CallOptions = {}): Promise<PendingCall[]> {
  const begunBefore = directions.map((direction) => lab.callee(direction).begun);
  const calls = directions.flatMap((direction) => {
    const stubs = lab.stubs(direction);
    return kinds.map((kind) => pend(stubs, direction, kind, options));
  });
  await Promise.all(
    directions.map((direction, i) =>
      lab.callee(direction).hasBegun(begunBefore[i]! + kinds.length),
    ),
  );
  return calls;
}

let lastId = 0;

function pend(
  stubs: StubFactory,
  direction: Direction,
  kind: Kind,
  options: CallOptions,
): PendingCall {
  const id = `pending ${++lastId}`;
  const metadata = new Metadata();
  metadata.set('id', id);
  const client = stubs.getClientByServiceName<LedgerClient>('Ledger');
  let endings = 0;
  const ended = new Promise<status>((resolve) => {
    begin(client, kind, metadata, options, (code) => {
      endings += 1;
      resolve(code);
    });
  });
  return { name: `${kind} ${direction}`, direction, kind, id, ended, endings: () => endings };
}

/** @param onEnd - told by whatever tells a user of grpc-js that a call is over. */
function begin(
  client: LedgerClient,
  kind: Kind,
  metadata: Metadata,
  options: CallOptions,
  onEnd: (code: status) => void,
): void {
  const entry: Entry = { number: 1, held: true };
  const callback = (error: ServiceError | null): void => onEnd(error?.code ?? status.OK);
  if (kind === 'unary') {
    client.unary(entry, metadata, options, callback);
  } else if (kind === 'clientStream') {
    client.clientStream(metadata, options, callback).write(entry);
  } else if (kind === 'serverStream') {
    watch(client.serverStream(entry, metadata, options), onEnd);
  } else {
    const call = client.bidiStream(metadata, options);
    call.write(entry);
    watch(call, onEnd);
  }
}

function watch(call: ClientReadableStream<Entry>, onEnd: (code: status) => void): void {
  call
    .on('data', () => {})
    .on('error', (error) => onEnd((error as ServiceError).code))
    .on('status', ({ code }) => {
      if (code === status.OK) onEnd(code);
    });
}
