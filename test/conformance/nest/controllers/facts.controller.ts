import {
  Metadata,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { Ctx, GrpcMethod, GrpcStreamCall, Payload } from '@nestjs/microservices';
import { journalOfCall } from '../harness/journals.js';
import type { Text } from '../harness/protos.js';

/** What handlers are told of their call, and what they tell its caller besides messages. */
@Controller()
export class FactsController {
  @GrpcMethod('Facts')
  tell(request: Text, metadata: Metadata, call: ServerUnaryCall<Text, Text>): Text {
    journalOfCall(metadata).note('told', {
      request,
      text: metadata.get('text'),
      many: metadata.get('many').join().replace(', ', ','),
      binary: metadata.get('some-bin').map((value) => Array.from(value as Buffer)),
      isMetadata: metadata instanceof Metadata,
      isOfCall: call.metadata === metadata,
      path: call.getPath(),
      cancelled: call.cancelled,
      deadline: call.getDeadline() === Infinity ? 'none' : 'some',
    });
    return request;
  }

  @GrpcMethod('Facts')
  tellHost(_request: Text, _metadata: Metadata, call: ServerUnaryCall<Text, Text>): Text {
    return { text: call.getHost() };
  }

  @GrpcMethod('Facts')
  tellDecorated(@Payload('text') text: string, @Ctx() metadata: Metadata): Text {
    return { text: `${text} ${metadata.get('text').join()}` };
  }

  @GrpcMethod('Facts')
  headers(request: Text, _metadata: Metadata, call: ServerUnaryCall<Text, Text>): Text {
    call.sendMetadata(metadataOf('header'));
    return request;
  }

  @GrpcStreamCall('Facts')
  trailers(call: ServerReadableStream<Text, Text>, callback: sendUnaryData<Text>): void {
    call.sendMetadata(metadataOf('header'));
    call.resume();
    call.on('end', () => callback(null, { text: 'done' }, metadataOf('trailer')));
  }

  @GrpcStreamCall('Facts')
  streamTrailers(call: ServerDuplexStream<Text, Text>): void {
    call.sendMetadata(metadataOf('header'));
    call.on('data', (request: Text) => call.write(request));
    call.on('end', () => call.end(metadataOf('trailer')));
  }
}

function metadataOf(name: string): Metadata {
  const metadata = new Metadata();
  metadata.set(name, 'text');
  metadata.set(`${name}-bin`, Buffer.from([0, 255]));
  return metadata;
}
