import { systemNamed, type System } from '../systems.js';
import { WORKLOADS, type Workload } from '../workloads/index.js';
import type { RecordedBuild } from './recorded-build.js';

/** A system and what it does. */
export interface Contender {
  readonly system: System;
  readonly workload: Workload;
  /** Absent: what is compiled here. */
  readonly build?: RecordedBuild;
}

/** The same case of another build of ours. */
export function ofBuild<Case extends { ours: Contender }>(
  checked: Case,
  build: RecordedBuild,
): Case {
  return { ...checked, ours: { ...checked.ours, build } };
}

/** @throws Error if there is no system or workload of these names. */
export function contender(system: string, name: string): Contender {
  const workload = WORKLOADS.find((candidate) => candidate.name === name);
  if (workload === undefined) throw new Error(`there is no workload "${name}"`);
  return { system: systemNamed(system), workload };
}

/**
 * `grpc-js-plain`; `socket, mux-64KiB-x1` where it does something else than `other`; `d83a4e9` where it is another
 * build of the same.
 */
export function contenderName({ system, workload, build }: Contender, other: Contender): string {
  if (build !== undefined) return build.commit;
  return workload === other.workload ? system.name : `${system.name}, ${workload.name}`;
}
