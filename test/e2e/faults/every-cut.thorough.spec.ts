import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { cuts } from '../../faults/index.js';
import { CutTrials } from '../../faults/ledger/cut-trials.js';
import { directions, Lab } from '../../faults/ledger/lab.js';
import { closing } from '../../fixtures/nest/in-test.js';

describe.each(['built-in', 'grpc-js'] as const)('on the engine %s', (engine) => {
  it.each(directions)(
    'a connection may be cut at every byte of its handshake and of a unary %s call, either way',
    { timeout: 600_000 },
    async (direction) => {
      const lab = closing(await Lab.start({ lazy: true, engine }));
      const trials = new CutTrials(lab);
      const problems: string[] = [];
      const ends = { unanswered: 0, answered: 0, unansweredButExecuted: 0 };

      for (const trial of await trials.all('unary', direction, cuts)) {
        const { problems: found, outcome, executions } = await trials.run(trial);
        problems.push(...found);
        if (outcome?.code === status.OK) ends.answered += 1;
        else if (executions > 0) ends.unansweredButExecuted += 1;
        else ends.unanswered += 1;
      }

      expect(problems).toEqual([]);
      // It was cut before, while and after it was executed.
      expect(Math.min(...Object.values(ends))).toBeGreaterThan(0);
    },
  );
});
