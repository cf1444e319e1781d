import { status } from '@grpc/grpc-js';
import { engineOf } from 'nestjs-backchannel/core';
import type { FaultyConnection } from '../index.js';
import type { Kind } from './attempt.js';
import { Lab, until, type LabOptions } from './lab.js';
import { pendingCalls, type PendingCall } from './pending-calls.js';
import { within } from './within.js';

/** Something that happens to a connection with calls under way. */
export interface NetworkFault {
  /** Of the connection, as in "a connection that ...". */
  name: string;
  happen(connection: FaultyConnection): void;
  /** What calls end with. Default: UNAVAILABLE. */
  code?: status;
  /** Milliseconds until the deadline of the calls. Default: they have none. */
  deadlineMs?: number;
  options?: LabOptions;
}

/** Quick to notice, and slow enough for a busy machine. */
const quick: LabOptions = { keepalive: { keepaliveTimeMs: 300, keepaliveTimeoutMs: 1200 } };
/** Milliseconds until all has happened that a fault brings about. It takes two seconds. */
const BOUND_MS = 30_000;

export const networkFaults: readonly NetworkFault[] = [
  { name: 'is ended', happen: (connection) => connection.cut('end') },
  { name: 'is closed', happen: (connection) => connection.cut('destroy') },
  { name: 'is reset', happen: (connection) => connection.cut('reset') },
  {
    name: 'is ended for the dialing side alone',
    happen: (connection) => connection.cutOff('dialing', 'end'),
    options: quick,
  },
  {
    name: 'is reset for the dialing side alone',
    happen: (connection) => connection.cutOff('dialing', 'reset'),
    options: quick,
  },
  {
    name: 'is ended for the listening side alone',
    happen: (connection) => connection.cutOff('listening', 'end'),
    options: quick,
  },
  {
    name: 'is reset for the listening side alone',
    happen: (connection) => connection.cutOff('listening', 'reset'),
    options: quick,
  },
  { name: 'falls silent', happen: (connection) => connection.silence(), options: quick },
  {
    name: 'carries nothing to the listening side any more',
    happen: (connection) => connection.silence('up'),
    options: quick,
  },
  {
    name: 'carries nothing to the dialing side any more',
    happen: (connection) => connection.silence('down'),
    options: quick,
  },
  {
    name: 'stalls until nobody waits for it any more, and then goes on',
    happen: (connection) => connection.stall(2500),
    options: quick,
  },
  {
    name: 'is silent when the deadline comes',
    happen: (connection) => connection.silence(),
    code: status.DEADLINE_EXCEEDED,
    deadlineMs: 1000,
  },
];

/**
 * Names of what calls may end with. Never with OK; and with UNAVAILABLE, unless their deadline came
 * first, or it is grpc-js' server that gives a connection up: it resets its streams, and where that still
 * gets through, it says something else.
 */
export function codesOf(
  { code = status.UNAVAILABLE, options }: NetworkFault,
  engine: string,
): string[] {
  const codes = [status[code]];
  if (engine === 'grpc-js' && options === quick) codes.push('CANCELLED', 'INTERNAL');
  return codes;
}

/** What came of a call that was under way. */
export interface CallAftermath {
  name: string;
  kind: Kind;
  code: string;
  /** How often its user was told the end. */
  endings: number;
  executions: number;
  /** What its requests looked like to the callee when they ended, of a kind that has many. */
  requests: 'complete' | 'cut' | undefined;
}

export interface Aftermath {
  calls: CallAftermath[];
  /** Milliseconds from the fault until both sides had nothing left of the connection. */
  settledMs: number;
  /** Peers that there are when the dialing side is back. */
  peers: number;
  /** What went wrong with calls on the new connection. */
  problem: string | undefined;
}

/** Has `fault` happen to a connection with a call of each kind under way in each direction. */
export async function suffer(fault: NetworkFault, more: LabOptions = {}): Promise<Aftermath> {
  // A connection that is found dead grpc-js ends in order, so that backchannel calls get their time.
  const isGrpcJs = engineOf(more.engine).name === 'grpc-js';
  const lab = await Lab.start({
    ...fault.options,
    ...(isGrpcJs && fault.options === quick && { drainMs: 500 }),
    ...more,
  });
  try {
    await lab.connect();
    const [connection] = lab.proxy.connections;
    const { deadlineMs } = fault;
    const calls = await pendingCalls(
      lab,
      deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs },
    );
    const happenedAt = performance.now();
    fault.happen(connection!);
    await within(BOUND_MS, fault.name, Promise.all(calls.map(({ ended }) => ended)));
    // Nobody else notices a silence without keepalive: the network mends it.
    if (fault.options === undefined) connection!.cut('reset');
    await backAlone(lab);
    const settledMs = performance.now() - happenedAt;
    const peers = lab.registry.size;
    // Late answers harm nothing.
    for (const direction of ['forward', 'backchannel'] as const) lab.callee(direction).letGo();
    if (fault.name.startsWith('stalls')) await connection!.over;
    const problem = await lastingProblem(lab);
    const aftermath = await Promise.all(calls.map((call) => aftermathOf(lab, call)));
    return { calls: aftermath, settledMs, peers, problem };
  } finally {
    await lab.close();
  }
}

/** Resolves when there is a new connection, and nothing of the old one. */
function backAlone(lab: Lab): Promise<void> {
  const state = () => ({
    peers: [...lab.registry].map(({ id }) => id),
    sessions: lab.sessions.open,
    streams: lab.sessions.streams,
    connection: lab.client.connection.state,
  });
  return until(() => {
    const { peers, sessions, streams, connection } = state();
    // With a stream of backchannel calls, if there was one.
    const isAlone = peers.length === 1 && sessions === 2 && (streams === 2 || streams === 4);
    return isAlone && peers[0]! > 1 && connection === 'ready';
  }, state);
}

/** A machine that is busy enough may keep an answer to a ping waiting, and the new connection be lost for it. */
async function lastingProblem(lab: Lab): Promise<string | undefined> {
  let problem: string | undefined;
  for (let time = 0; time < 3; time++) {
    problem = await lab.problem();
    if (problem === undefined) break;
  }
  return problem;
}

async function aftermathOf(
  lab: Lab,
  { name, direction, kind, id, ended, endings }: PendingCall,
): Promise<CallAftermath> {
  const page = lab.callee(direction).pages.get(id);
  return {
    name,
    kind,
    code: status[await ended],
    endings: endings(),
    executions: page?.executions ?? 0,
    requests: page?.end,
  };
}
