import { setTimeout as sleep } from 'node:timers/promises';
import { Remote } from '../remote.js';
import type { ReliabilityScenario, Row } from '../scenario.js';
import type { CrowdEnd } from './ends/crowd.js';
import type { UnansweringEnd } from './ends/listening.js';
import { STAGES, type Stage } from './stages.js';

const KiB = 1024;
const MiB = 1024 * KiB;

/** Milliseconds in which nothing more happens when all has come. */
const CALM_MS = 1000;
const QUICK_CALM_MS = 300;
const PATIENCE_MS = 60_000;
/** What the process takes for itself, however many there are. */
const SLACK_MIB = 8;

/** What connections cost that are not authorized, at each stage, each on fresh processes. */
export const beforeAuthorization: ReliabilityScenario = {
  name: 'before-authorization',
  title: 'Connections that are not authorized',
  run: async (quick) => {
    const rows: Row[] = [];
    const [count, calmMs] = quick ? [300, QUICK_CALM_MS] : [2000, CALM_MS];
    for (const stage of STAGES) rows.push(await tryStage(stage, count, calmMs));
    return rows;
  },
};

async function tryStage(stage: Stage, count: number, calmMs: number): Promise<Row> {
  const [listening, crowd] = await Promise.all([
    Remote.start<UnansweringEnd>('listening', new URL('ends/listening.js', import.meta.url)),
    Remote.start<CrowdEnd>('crowd', new URL('ends/crowd.js', import.meta.url)),
  ]);
  try {
    const port = await listening.call('listen', stage.tls);
    const before = await listening.call('memory');
    await crowd.call('connect', port, count, STAGES.indexOf(stage));
    const { cut } = await allThere(listening, count, calmMs);
    const after = await listening.call('memory');
    const held = Math.max(after.rss - before.rss, after.objects - before.objects, 0);
    return {
      what: stage.what,
      times: `${count.toLocaleString('en')} connections`,
      lost: 0,
      memory: { boundMiB: SLACK_MIB + (count * stage.bound) / MiB, peakMiB: held / MiB },
      note: `${Math.ceil(held / count / KiB)} KiB each; ${cut.toLocaleString('en')} cut`,
    };
  } finally {
    await Promise.all([listening.close(), crowd.close()]);
  }
}

/** Waits until all have come, or been cut, and what they sent has as well. */
async function allThere(listening: Remote<UnansweringEnd>, count: number, calmMs: number) {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const { open, cut } = await listening.call('connections');
    if (open + cut >= count) break;
    if (performance.now() > until) throw new Error(`${open + cut} of ${count} have come`);
    await sleep(100);
  }
  await sleep(calmMs);
  return listening.call('connections');
}
