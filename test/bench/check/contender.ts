import type { System } from '../systems.js';
import type { Workload } from '../workloads/index.js';
import type { RecordedBuild } from './recorded-build.js';

/** A system and what it does. */
export interface Contender {
  readonly system: System;
  readonly workload: Workload;
  /** Absent: what is compiled here. */
  readonly build?: RecordedBuild;
}

/**
 * `grpc-js-plain`; `socket, mux-64KiB-x1` where it does something else than `other`; `d83a4e9` where it is another
 * build of the same.
 */
export function contenderName({ system, workload, build }: Contender, other: Contender): string {
  if (build !== undefined) return build.commit;
  return workload === other.workload ? system.name : `${system.name}, ${workload.name}`;
}
