import { beforeAll, describe, expect, it } from 'vitest';
import { engineOf } from 'nestjs-backchannel/core';
import type { Kind } from '../../faults/ledger/attempt.js';
import {
  codesOf,
  networkFaults,
  suffer,
  type Aftermath,
} from '../../faults/ledger/network-faults.js';

const engine = engineOf().name;
/** With grpc-js one of each sort; the scenario `bad-networks` has all of them. */
const faults = networkFaults.filter(
  ({ name }) =>
    engine !== 'grpc-js' || /^(is (ended|reset)|falls silent|.* deadline comes)$/.test(name),
);

describe.each(faults)('calls of a connection that $name', (fault) => {
  let aftermath: Aftermath;

  beforeAll(async () => {
    aftermath = await sufferings.get(fault.name)!;
  });

  it('end once, all of them, and with the right status', () => {
    const code: unknown = expect.toBeOneOf(codesOf(fault, engine));
    for (const call of aftermath.calls) expect(call).toMatchObject({ code, endings: 1 });
    expect(aftermath.calls).toHaveLength(8);
  });

  it('are executed once, and those of many requests can tell that there were to be more', () => {
    for (const call of aftermath.calls) {
      const requests = manyRequests.has(call.kind) ? cut : undefined;
      expect(call).toMatchObject({ executions: 1, requests });
    }
  });

  it('leave nothing, and the dialing side is back as a new peer', () => {
    expect(aftermath).toMatchObject({ peers: 1, problem: undefined });
  });
});

/** A connection that grpc-js' server itself gives up looks to its handlers as if requests were complete. */
const cut: unknown = engine === 'grpc-js' ? expect.toBeOneOf(['cut', 'complete']) : 'cut';
const manyRequests: ReadonlySet<Kind> = new Set(['clientStream', 'bidiStream']);

/** All at once, as they wait most of the time. */
const sufferings = new Map<string, Promise<Aftermath>>();

beforeAll(async () => {
  for (const fault of faults) sufferings.set(fault.name, suffer(fault));
  await Promise.allSettled(sufferings.values());
}, 60_000);
