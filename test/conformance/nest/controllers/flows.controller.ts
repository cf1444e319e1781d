import { once } from 'node:events';
import type { sendUnaryData, ServerDuplexStream, ServerReadableStream } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall } from '@nestjs/microservices';
import { progressOf } from '../harness/progress.js';
import { keyOf } from '../harness/journals.js';
import type { Text } from '../harness/protos.js';

/** More than there is room for. */
@Controller()
export class FlowsController {
  /** Answers with how long the request was. */
  @GrpcMethod('Flows')
  length({ text }: Text): Text {
    return { text: String(text.length) };
  }

  /** Answers with as much as the request says. */
  @GrpcMethod('Flows')
  ofLength({ text }: Text): Text {
    return { text: 'x'.repeat(Number(text)) };
  }

  /** Reads slowly. */
  @GrpcStreamCall('Flows')
  async take(call: ServerReadableStream<Text, Text>, callback: sendUnaryData<Text>): Promise<void> {
    const progress = progressOf(keyOf(call.metadata));
    await progress.readSlowly(call as AsyncIterable<Text>);
    callback(null, { text: String(progress.read) });
  }

  /** Writes as much as the request says, as fast as it is let to. */
  @GrpcStreamCall('Flows')
  async give(call: ServerDuplexStream<Text, Text>): Promise<void> {
    const [{ text }] = (await once(call, 'data')) as [Text];
    await progressOf(keyOf(call.metadata)).writeAll(call, Number(text));
    call.end();
  }
}
