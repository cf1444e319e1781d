import type { EndProcess } from './end-process.js';
import type { ProcessPair } from './process-pair.js';
import type { Role } from './protocol.js';
import type { System } from './systems.js';

/** The processes of a system, and which of them calls. */
export class Pair {
  constructor(
    readonly system: System,
    readonly processes: ProcessPair,
  ) {}

  /** The end that makes the calls. */
  get caller(): EndProcess {
    return this.system.caller === 'dial' ? this.processes.dialing : this.processes.listening;
  }

  /** The role of the end that serves them. */
  get calledRole(): Role {
    return this.system.caller === 'dial' ? 'listen' : 'dial';
  }

  /** The end that serves them. */
  get called(): EndProcess {
    return this.system.caller === 'dial' ? this.processes.listening : this.processes.dialing;
  }
}
