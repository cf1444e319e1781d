import { Pair } from '../../pair.js';
import { ProcessPair } from '../../process-pair.js';
import { RECEIVED } from '../../workloads/index.js';
import type { CountCase } from './count-cases.js';

const GIB = 1024 ** 3;
const ROUND_MS = 200;
/**
 * Bytes and not milliseconds: a busy machine then counts as much as a quiet one. Of more bytes more
 * processes go to the mode in which V8 collects often, whatever the build.
 */
const WARM_UP_BYTES = GIB / 4;
const COUNTED_BYTES = GIB / 2;

/**
 * Counts collections of the whole heap of the receiving process, per GiB that it receives. Both
 * processes collect it once before: until then V8 has a limit that has nothing to do with what is
 * alive, and it depends on chance whether a process is still below it.
 */
export async function takeCount({ ours, liveHeapMiB }: CountCase): Promise<number> {
  const { system, workload, build } = ours;
  const settings = { variant: workload.variant, liveHeapMiB, root: build?.root };
  const processes = await ProcessPair.start(system, settings);
  const pair = new Pair(system, processes);
  const receive = async (bytes: number): Promise<number> => {
    let received = 0;
    let collections = 0;
    while (received < bytes) {
      await workload.prepare(pair);
      const values = await workload.round(pair, ROUND_MS);
      received += values[RECEIVED]!;
      collections += (values['mark-compacts']! * values[RECEIVED]!) / GIB;
    }
    return (collections * GIB) / received;
  };
  try {
    await receive(WARM_UP_BYTES);
    const both = [processes.listening, processes.dialing];
    await Promise.all(both.map((end) => end.order({ do: 'memory', collect: true })));
    return await receive(COUNTED_BYTES);
  } finally {
    await processes.close();
  }
}
