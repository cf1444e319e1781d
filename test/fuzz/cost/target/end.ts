// The process that is attacked.
import { NEVER, startWith } from 'rxjs';
import { CountingLogger } from '../../../reliability/attacks/ends/counting-logger.js';
import { serveEnd } from '../../../reliability/remote.js';
import { watchAccounts } from './accounts.js';
import { dial, listen, type TargetOptions } from './applications.js';
import { watchDecodeTime } from './decode-time.js';
import { Meter, type Left, type OpenCost } from './meter.js';
import type { CostsStub } from './service.js';
import { referenceWork } from './reference-work.js';

const BLOB = { data: Buffer.from('hello') };

export class TargetEnd {
  readonly #logger = new CountingLogger();
  #connect: () => void = () => {};
  readonly #meter = new Meter(() => this.#logger.lines);

  /** A listening side; tells its port. */
  async listen(options: TargetOptions): Promise<number> {
    return (await listen(options, this.#logger)).port;
  }

  /** A dialing side, which makes one call of each kind as soon as it is told to connect, and connected. */
  async dial(options: TargetOptions, port: number): Promise<void> {
    const { client } = await dial(options, port, this.#logger);
    const stub = client.getService<CostsStub>('Costs');
    const observer = { error: () => {} }; // What comes of it is for the attacker to say.
    client.connection$.subscribe(({ state }) => {
      if (state !== 'ready') return;
      stub.echo(BLOB).subscribe(observer);
      stub.list(BLOB).subscribe(observer);
      stub.chat(NEVER.pipe(startWith(BLOB))).subscribe(observer);
    });
    this.#connect = () => void client.connect().catch(() => {}); // The attacker knows.
  }

  connect(): void {
    this.#connect();
  }

  rest(): Promise<Left> {
    return this.#meter.rest();
  }

  begin(): void {
    this.#meter.begin();
  }

  open(mostMs: number, sent: number): Promise<OpenCost> {
    return this.#meter.open(mostMs, sent);
  }

  left(): Omit<Left, 'heldBytes'> {
    return this.#meter.left();
  }

  referenceWork(): number {
    return referenceWork();
  }
}

watchAccounts();
watchDecodeTime();
process.on('SIGINT', () => {}); // Ctrl+C is for the search, which ends this process.
serveEnd(new TargetEnd());
