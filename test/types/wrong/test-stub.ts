import { createTestStub } from 'nestjs-backchannel/testing';
import type { AgentClient } from '../demo.js';

export const agent = createTestStub<AgentClient>({
  // A reply of another type.
  // @expect TS2322: Type '{ outptu: string; }' is not assignable to type 'TestReply<RunReply>'.
  run: () => ({ outptu: 'done' }),
});
