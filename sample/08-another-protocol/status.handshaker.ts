import type { Duplex } from 'node:stream';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ListenMux, Registry, type Handshaker } from 'nestjs-backchannel';

/**
 * A protocol for operators, on the port of the hub: whoever sends `fleetstatus` gets the names of all
 * connected agents, one per line. By hand: `printf fleetstatus | nc localhost 50051`.
 */
@Injectable()
export class StatusHandshaker implements Handshaker<never>, OnModuleInit {
  readonly magic = 'fleetstatus'; // 11 bytes

  constructor(
    @Inject(ListenMux) private readonly mux: ListenMux,
    @Inject(Registry) private readonly registry: Registry,
  ) {}

  onModuleInit(): void {
    this.mux.register(this);
  }

  async handshake(socket: Duplex): Promise<undefined> {
    socket.end([...this.registry].map(({ name }) => `${name}\n`).join(''));
    return undefined; // The socket is ours, gRPC does not serve it.
  }
}
