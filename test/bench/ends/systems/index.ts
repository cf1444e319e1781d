import type { SessionFactory } from '../../../../lib/index.js';
import type { Role } from '../../protocol.js';
import type { End } from '../end.js';

type Sides = Record<Role, () => End>;

/** Makes the ends of each system; loads nothing of the others. */
const SYSTEMS: Record<string, () => Promise<Sides>> = {
  'grpc-js-plain': async () => {
    const { GrpcJsPlain } = await import('./grpc-js-plain.js');
    return { listen: () => new GrpcJsPlain(), dial: () => new GrpcJsPlain() };
  },
  'ours-forward': ours,
  'ours-backchannel': ours,
  'ours-uncalled': async () => {
    const { UncallingListening, UncalledDialing } = await import('./ours.js');
    return { listen: () => new UncallingListening(), dial: () => new UncalledDialing() };
  },
  'ours-plain': async () => {
    const { OursListening } = await import('./ours.js');
    const { GrpcJsPlain } = await import('./grpc-js-plain.js');
    return { listen: () => new OursListening(), dial: () => new GrpcJsPlain() };
  },
  'yamux-js': async () => {
    const { OursListening, OursDialing } = await import('./ours.js');
    const { yamuxJsSessionFactory } = await import('../../../../lib/yamux-js/index.js');
    const factory = yamuxJsSessionFactory();
    return { listen: () => new OursListening(factory), dial: () => new OursDialing(factory) };
  },
  'bidi-stream': async () => {
    const { BidiStreamListening, BidiStreamDialing } = await import('./bidi-stream.js');
    return { listen: () => new BidiStreamListening(), dial: () => new BidiStreamDialing() };
  },
  'nest/grpc-js-plain': async () => {
    const { StockNest } = await import('./nest.js');
    return { listen: () => new StockNest(), dial: () => new StockNest() };
  },
  'nest/ours-forward': () => oursBehindNest(),
  'nest/ours-backchannel': () => oursBehindNest(),
  'nest/ours-plain': async () => {
    const { OursNestListening, StockNest } = await import('./nest.js');
    return { listen: () => new OursNestListening(), dial: () => new StockNest() };
  },
  socket: () => bytes(),
  'ours-yamux': async () => {
    const { yamuxSessionFactory } = await import('../../../../lib/backchannel/index.js');
    return bytes(yamuxSessionFactory());
  },
  'ours-yamux-borrowed': async () => {
    const { yamuxSessionFactory } = await import('../../../../lib/backchannel/index.js');
    return bytes(yamuxSessionFactory({ chunks: 'borrowed' }));
  },
  'yamux-js-bytes': async () => {
    const { yamuxJsSessionFactory } = await import('../../../../lib/yamux-js/index.js');
    return bytes(yamuxJsSessionFactory());
  },
};

async function oursBehindNest(): Promise<Sides> {
  const { OursNestListening, OursNestDialing } = await import('./nest.js');
  return {
    listen: () => new OursNestListening(),
    dial: () => new OursNestDialing(),
  };
}

async function bytes(createSession?: SessionFactory): Promise<Sides> {
  const { ReceivingEnd, SendingEnd } = await import('./bytes.js');
  return {
    listen: () => new ReceivingEnd(createSession),
    dial: () => new SendingEnd(createSession),
  };
}

async function ours(): Promise<Sides> {
  const { OursListening, OursDialing } = await import('./ours.js');
  return { listen: () => new OursListening(), dial: () => new OursDialing() };
}

/** This process' end of a system. */
export async function createEnd(system: string, role: Role): Promise<End> {
  const load = SYSTEMS[system];
  if (load === undefined) throw new Error(`there is no system "${system}"`);
  return (await load())[role]();
}
