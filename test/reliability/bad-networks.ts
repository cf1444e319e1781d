import { status } from '@grpc/grpc-js';
import type { EngineName } from 'nestjs-backchannel';
import { cuts } from '../faults/index.js';
import { kinds } from '../faults/ledger/attempt.js';
import { CutTrials, type Trial } from '../faults/ledger/cut-trials.js';
import { directions, Lab, type Direction } from '../faults/ledger/lab.js';
import { codesOf, networkFaults, suffer, type Aftermath } from '../faults/ledger/network-faults.js';
import { badNetworks, transferOver } from '../faults/ledger/transfers.js';
import { Random } from '../soak/random.js';
import type { ReliabilityScenario, Row } from './scenario.js';

const ENGINES: readonly EngineName[] = ['built-in', 'grpc-js'];
const SEED = 20261123;
/** Of each kind of call, where a sample is enough. */
const SAMPLE = 20;
/** Faults that are tried at a time. */
const AT_ONCE = 4;

/** Cuts, silences, stalls and slow links, on applications of both sides, with either engine. */
export const badNetworksScenario: ReliabilityScenario = {
  name: 'bad-networks',
  title: 'Bad networks',
  async run(quick) {
    const rows: Row[] = [];
    for (const engine of ENGINES) {
      for (const direction of directions) rows.push(await cutEverywhere(engine, direction, quick));
      rows.push(...(await sufferAll(engine, quick ? 1 : 10)));
      rows.push(...(await transferAll(engine, quick ? 1 : 8)));
    }
    return rows;
  },
};

/** A cut at every byte of the handshake and of a call of each kind, in each way that there is to cut. */
async function cutEverywhere(
  engine: EngineName,
  direction: Direction,
  quick: boolean,
): Promise<Row> {
  const lab = await Lab.start({ lazy: true, engine, seed: SEED });
  const tally = { trials: 0, ok: 0, ran: 0, problems: [] as string[] };
  try {
    const trials = new CutTrials(lab);
    for (const trial of await listTrials(trials, direction, quick)) {
      const { outcome, executions, problems } = await trials.run(trial);
      tally.trials += 1;
      tally.ran += executions;
      if (outcome?.code === status.OK) tally.ok += 1;
      tally.problems.push(...problems);
    }
  } finally {
    await lab.close();
  }
  failOn(tally.problems);
  return {
    what: `${engine}: connection cut at ${quick ? 'any' : 'every'} byte of its handshake and a ${direction} call`,
    times: `${tally.trials} cuts`,
    lost: 0,
    note: `${tally.ran} calls executed once, none twice; ${tally.ok} answered; each other one ended with UNAVAILABLE; back each time`,
  };
}

async function listTrials(
  trials: CutTrials,
  direction: Direction,
  quick: boolean,
): Promise<Trial[]> {
  const random = new Random(SEED);
  const lists: Trial[][] = [];
  for (const kind of kinds) {
    if (quick) lists.push(await trials.some(kind, direction, SAMPLE, random));
    else for (const how of cuts) lists.push(await trials.all(kind, direction, [how]));
  }
  return lists.flat();
}

/** Some faults at once, as they wait most of the time. */
async function sufferAll(engine: EngineName, times: number): Promise<Row[]> {
  const aftermaths: Aftermath[][] = networkFaults.map(() => []);
  for (let time = 0; time < times; time++) {
    for (let begin = 0; begin < networkFaults.length; begin += AT_ONCE) {
      const some = networkFaults.slice(begin, begin + AT_ONCE);
      const suffered = await Promise.all(some.map((fault) => suffer(fault, { engine })));
      for (const [i, aftermath] of suffered.entries()) aftermaths[begin + i]!.push(aftermath);
    }
  }
  return networkFaults.map((fault, i) => {
    const ofFault = aftermaths[i]!;
    const codes = codesOf(fault, engine);
    failOn(
      ofFault
        .flatMap((aftermath) => problemsOf(aftermath, codes))
        .map((problem) => `${engine}, ${fault.name}: ${problem}`),
    );
    const seen = new Set(ofFault.flatMap(({ calls }) => calls.map(({ code }) => code)));
    const settledMs = Math.max(...ofFault.map((aftermath) => aftermath.settledMs));
    return {
      what: `${engine}: connection with 8 calls under way ${fault.name}`,
      times: `${times} connections, ${times * 8} calls`,
      lost: 0,
      note: `each call ended once, with ${[...seen].join(' or ')}; nothing left and back within ${Math.ceil(settledMs)} ms`,
    };
  });
}

function problemsOf({ calls, problem }: Aftermath, codes: readonly string[]): string[] {
  const problems = calls
    .filter((call) => !codes.includes(call.code) || call.endings !== 1 || call.executions !== 1)
    .map((call) => JSON.stringify(call));
  return problem === undefined ? problems : [...problems, `not back: ${problem}`];
}

async function transferAll(engine: EngineName, scale: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const network of badNetworks(scale)) {
    const { arrivals, connections } = await transferOver(network, { engine, seed: SEED });
    failOn(
      arrivals
        .filter(({ arrived, expected }) => arrived.sha256 !== expected.sha256)
        .map(({ name }) => `${network.name}: ${name} did not arrive whole`),
    );
    rows.push({
      what: `${engine}: transfer over a network that ${network.name}`,
      times: `${arrivals.length} streams of ${Math.round(network.bytes / 1024)} KiB`,
      lost: connections - 1,
      note: 'SHA-256 of all of them right',
    });
  }
  return rows;
}

function failOn(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(`seed ${SEED}:\n${problems.join('\n')}`);
}
