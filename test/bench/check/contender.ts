import type { System } from '../systems.js';
import type { Workload } from '../workloads/index.js';

/** A system and what it does. */
export interface Contender {
  readonly system: System;
  readonly workload: Workload;
}

/** `grpc-js-plain`; `socket, mux-64KiB-x1` where it does something else than `other`. */
export function contenderName({ system, workload }: Contender, other: Contender): string {
  return workload === other.workload ? system.name : `${system.name}, ${workload.name}`;
}
