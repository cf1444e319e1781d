import type { Workload } from './workloads.js';

/** Workloads that fit into one table. */
export interface WorkloadGroup {
  workloads: Workload[];
  /** All systems of the workloads, in order of first appearance. */
  systems: string[];
}

/** How much of the smaller one must be in the other; systems that were skipped must not count. */
const ENOUGH_IN_COMMON = 0.5;

/** Puts workloads together that have most of their systems in common. */
export function workloadGroups(workloads: Workload[]): WorkloadGroup[] {
  const groups: WorkloadGroup[] = [];
  for (const workload of workloads) {
    const group = groups.find(({ systems }) => mostInCommon(systems, workload.systems));
    if (group) {
      group.workloads.push(workload);
      group.systems = [...new Set([...group.systems, ...workload.systems])];
    } else {
      groups.push({ workloads: [workload], systems: workload.systems });
    }
  }
  return groups;
}

function mostInCommon(some: string[], others: string[]): boolean {
  const common = some.filter((system) => others.includes(system)).length;
  return common / Math.min(some.length, others.length) > ENOUGH_IN_COMMON;
}
